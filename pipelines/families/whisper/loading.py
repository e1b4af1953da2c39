"""Which encoder and decoder an entry gets: the engine that it names, else the first of the catalogue.

- `ctranslate2`: both in CTranslate2, from either form of a checkpoint, in the first of its precisions that is close
  enough to float32 on this processor (accuracy.py). Where the decoder's weights have 7 bits, the encoder is in float32.
- `ctranslate2-int8`: the same with weights of 8 bits, or 7, on GPUs too and however close; nothing in float32.
- `ctranslate2-float32`: the same in float32.
- `bfloat16`: the encoder in PyTorch with 16 bits, the decoder in CTranslate2; for CPUs that multiply bfloat16.
- `onnx`: the encoder in ONNX Runtime, the decoder in CTranslate2.
- `torch`: both in PyTorch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pipelines.catalog.entry import Entry
from pipelines.catalog.weights import revision
from pipelines.engines.ctranslate2_engine import INT8_REDUCED_RANGE, Wish, precisions
from pipelines.engines.ctranslate2_file import read_model
from pipelines.engines.memory import check_room, free_bytes
from pipelines.engines.selection import Device, engine_of, select
from pipelines.errors import ModelUnavailable
from pipelines.families.whisper.engines.conversion import WEIGHTS, ctranslate2_folder, reduced_range_folder
from pipelines.families.whisper.engines.ctranslate2_model import CTranslate2Model
from pipelines.families.whisper.engines.torch_module import filled_module
from pipelines.family import Selection

from .accuracy import Examination, Reference
from .checkpoint import Checkpoint, opened
from .decoding import Decoder, Encoder
from .family import Whisper
from .tokenizer import Tokenizer

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
        entry,
        revision(checkpoint.folder),
        tokenizer,
        encoder,
        decoder,
        longest=checkpoint.longest,
        selection=selection,
    )


def _models(
    entry: Entry, device: str, engine: str, checkpoint: Checkpoint, tokenizer: Tokenizer
) -> tuple[Encoder, Decoder, Selection | None]:
    if engine == "torch":
        from pipelines.families.whisper.engines.torch_model import TorchModel

        whole = TorchModel(entry, checkpoint, tokenizer, device)
        return whole.encoder, whole, None
    encoder = _encoder(entry, device, engine, checkpoint)
    folder = ctranslate2_folder(entry, checkpoint, tokenizer)
    wish = _WISHES.get(engine)
    candidates = _Candidates(entry, device, folder, encoder, is_small=wish == "int8", tokenizer=tokenizer)
    pair, selection = candidates.selected(precisions(entry, device, wish))
    return pair.encoder, pair.decoder, selection


def _encoder(entry: Entry, device: str, engine: str, checkpoint: Checkpoint) -> Encoder | None:
    """The encoder of another library; None where CTranslate2's is wanted."""
    if engine == "bfloat16":
        from pipelines.families.whisper.engines.torch_encoder import bfloat16_encoder

        return bfloat16_encoder(entry, filled_module(entry, checkpoint), device)
    if engine == "onnx":
        from pipelines.families.whisper.engines.onnx_encoder import OnnxEncoder

        return OnnxEncoder(entry, checkpoint, device)
    return None


@dataclass(frozen=True, slots=True)
class _Pair:
    """An encoder and a decoder that may be one model."""

    encoder: Encoder
    decoder: CTranslate2Model
    #: Whether other pairs have the same encoder.
    is_encoder_shared: bool = False

    @property
    def engine(self) -> str:
        return " + ".join(dict.fromkeys((self.encoder.name, self.decoder.name)))

    def close(self) -> None:
        self.decoder.close()
        if self.encoder is not self.decoder and not self.is_encoder_shared:
            self.encoder.close()


class _Candidates:
    """The decoders of CTranslate2 for one checkpoint, each with its encoder."""

    def __init__(
        self, entry: Entry, device: str, folder: Path, encoder: Encoder | None, *, is_small: bool, tokenizer: Tokenizer
    ) -> None:
        """`encoder`: of another library, for all of them. `is_small`: nothing is to be in memory as float32."""
        self._entry, self._device, self._folder, self._encoder = entry, device, folder, encoder
        self._examination = Examination(tokenizer)
        self._has_room = _fits_in_float32(entry, folder)
        self._is_small = is_small or not self._has_room

    def selected(self, names: Sequence[str]) -> tuple[_Pair, Selection]:
        """The first of the precisions that is close enough to float32."""
        reference = self._reference() if self._has_room else None
        return select([partial(self._loaded, name) for name in names], partial(self._error, reference))

    def _loaded(self, precision: str) -> _Pair:
        source = self._folder
        if precision == INT8_REDUCED_RANGE:
            source = reduced_range_folder(self._entry, source)
        decoder = CTranslate2Model(self._entry, source, self._device, precision)
        if precision == INT8_REDUCED_RANGE and self._encoder is None and not self._is_small:
            # On processors that cut sums 8 bits make an encoder hardly faster, and 7 bits cost it more words than 8.
            return _Pair(CTranslate2Model(self._entry, self._folder, self._device, "float32"), decoder)
        return _Pair(self._encoder or decoder, decoder, is_encoder_shared=self._encoder is not None)

    def _error(self, reference: Reference | None, pair: _Pair) -> float | None:
        decoder = pair.decoder
        encoded = self._examination.states(pair.encoder, decoder.bins)
        if decoder.decodes_in_batches and Device.of(self._device).kind == "cpu":
            decoder.decodes_in_batches = self._examination.is_alike_in_batches(decoder, encoded, self._entry.slots)
        return None if reference is None else self._examination.error(decoder, encoded, reference)

    def _reference(self) -> Reference:
        """What the model gives in float32 on the CPU."""

        def compute() -> Reference:
            model = CTranslate2Model(self._entry, self._folder, "cpu", "float32")
            try:
                return self._examination.run(model, self._examination.states(model, model.bins))
            finally:
                model.close()

        return self._examination.reference(self._folder, compute)


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
