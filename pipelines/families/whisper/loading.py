"""Which encoder and decoder an entry gets: the engine that it names, else the first of the catalogue.

- `ctranslate2`: both in CTranslate2, from either form of a checkpoint, in the first of its precisions that is close
  enough to float32 on this processor (accuracy.py).
- `ctranslate2-int8`: the same with weights of 8 bits, on GPUs too and however close.
- `ctranslate2-float32`: the same in float32.
- `bfloat16`: the encoder in PyTorch with 16 bits, the decoder in CTranslate2; for CPUs that multiply bfloat16.
- `onnx`: the encoder in ONNX Runtime, the decoder in CTranslate2.
- `torch`: both in PyTorch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from pipelines.engines.ctranslate2_engine import INT8_REDUCED_RANGE, Wish, precisions
from pipelines.engines.ctranslate2_file import read_model
from pipelines.engines.memory import check_room, free_bytes
from pipelines.engines.selection import Device, engine_of, select
from pipelines.entry import Entry
from pipelines.errors import ModelUnavailable
from pipelines.family import Selection
from pipelines.loading import revision

from .accuracy import Examination, Reference
from .checkpoint import Checkpoint, opened
from .conversion import WEIGHTS, ctranslate2_folder, reduced_range_folder
from .ctranslate2_model import CTranslate2Model
from .decoding import Decoder, Encoder
from .family import Whisper
from .tokenizer import Tokenizer
from .torch_module import filled_module

#: The precision that an engine names; the others leave it to the measurement.
_WISHES: Mapping[str, Wish] = {"ctranslate2-int8": "int8", "ctranslate2-float32": "float32"}
#: Bytes for the states of a batch.
_FOR_STATES = 200_000_000


def load(entry: Entry, device: str) -> Whisper:
    """The model on `device` ("cpu", "cuda", "cuda:1"), from a directory or from Hugging Face, cached there or fetched.

    Raises `ModelUnavailable` saying what is missing, does not fit, or is too large.
    """
    engine = engine_of(entry)
    checkpoint = opened(entry)
    check_room(entry, device, _needed(checkpoint))
    tokenizer = Tokenizer(entry, checkpoint.folder / "tokenizer.json")
    encoder, decoder, selection = _models(entry, device, engine, checkpoint, tokenizer)
    return Whisper(
        entry, revision(checkpoint.folder), tokenizer, encoder, decoder,
        longest=checkpoint.longest, selection=selection,
    )  # fmt: skip


def _models(
    entry: Entry, device: str, engine: str, checkpoint: Checkpoint, tokenizer: Tokenizer
) -> tuple[Encoder, Decoder, Selection | None]:
    if engine == "torch":
        from .torch_model import TorchModel

        whole = TorchModel(entry, checkpoint, tokenizer, device)
        return whole.encoder, whole, None
    encoder = _encoder(entry, device, engine, checkpoint)
    folder = ctranslate2_folder(entry, checkpoint, tokenizer)
    names = precisions(entry, device, _WISHES.get(engine))
    decoder, selection = _selected(entry, device, names, folder, encoder, Examination(tokenizer))
    return encoder or decoder, decoder, selection


def _encoder(entry: Entry, device: str, engine: str, checkpoint: Checkpoint) -> Encoder | None:
    """The encoder of another library; None where CTranslate2's is wanted."""
    if engine == "bfloat16":
        from .torch_encoder import bfloat16_encoder

        return bfloat16_encoder(entry, filled_module(entry, checkpoint), device)
    if engine == "onnx":
        from .onnx_encoder import OnnxEncoder

        return OnnxEncoder(entry, checkpoint, device)
    return None


def _selected(  # noqa: PLR0917
    entry: Entry, device: str, names: Sequence[str], folder: Path, encoder: Encoder | None, examination: Examination
) -> tuple[CTranslate2Model, Selection]:
    """The model in the first of the precisions that does well enough, with the encoder of another library if given."""
    reference = _reference(entry, folder, examination)

    def loaded(precision: str) -> CTranslate2Model:
        source = reduced_range_folder(entry, folder) if precision == INT8_REDUCED_RANGE else folder
        return CTranslate2Model(entry, source, device, precision)

    before = f"{encoder.name} + " if encoder else ""
    engines = {f"{before}ctranslate2/{name}": partial(loaded, name) for name in names}

    def error_of(model: CTranslate2Model) -> float | None:
        encoded = examination.states(encoder or model, model.bins)
        if model.decodes_in_batches and Device.of(device).kind == "cpu":
            model.decodes_in_batches = examination.is_alike_in_batches(model, encoded, entry.slots)
        return None if reference is None else examination.error(model, encoded, reference)

    return select(engines, error_of)


def _reference(entry: Entry, folder: Path, examination: Examination) -> Reference | None:
    """What the model gives in float32 on the CPU; None where it does not fit into memory like that."""

    def compute() -> Reference:
        model = CTranslate2Model(entry, folder, "cpu", "float32")
        try:
            return examination.run(model, examination.states(model, model.bins))
        finally:
            model.close()

    return examination.reference(folder, compute) if _fits_in_float32(entry, folder) else None


def _fits_in_float32(entry: Entry, folder: Path) -> bool:
    path = folder / WEIGHTS
    try:
        numbers = sum(value.size for value in read_model(path).variables.values())
    except ValueError as error:
        raise ModelUnavailable(f"{entry.name}: {path} cannot be loaded: {error}") from error
    free = free_bytes("cpu")
    return free is None or 4 * numbers + _FOR_STATES < free


def _needed(checkpoint: Checkpoint) -> int:
    """Bytes for the weights, while they are read and made smaller, and for the states of a batch."""
    return checkpoint.weights.stat().st_size * 3 // 2 + _FOR_STATES
