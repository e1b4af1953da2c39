"""Load the encoder and decoder of an entry in the engine that it names, else in the first of its engines.

- `ctranslate2`: both in CTranslate2, from either format of a checkpoint, in the first precision that is close enough to
  float32 on this processor (accuracy.py). Where the decoder's weights have 7 bits, the encoder is in float32.
- `ctranslate2-int8`: the same with weights of 8 bits, or 7, on GPUs too and whatever the error; nothing in float32.
- `ctranslate2-float32`: the same in float32.
- `bfloat16`: the encoder in PyTorch with 16 bits, the decoder in CTranslate2; for CPUs with bfloat16 instructions.
- `onnx`: the encoder in ONNX Runtime, the decoder in CTranslate2.
- `torch`: both in PyTorch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pipelines.catalog.checkpoint import checkpoint_revision
from pipelines.catalog.entry import RecognitionEntry
from pipelines.engines.ctranslate2_engine import INT8_REDUCED_RANGE, PrecisionPreference, list_precisions
from pipelines.engines.ctranslate2_file import read_model
from pipelines.engines.memory import check_free_memory, measure_free_bytes
from pipelines.engines.selection import Device, resolve_engine, select_engine
from pipelines.errors import ModelUnavailable
from pipelines.families.whisper.engines.conversion import WEIGHTS, convert_to_ctranslate2, convert_to_reduced_range
from pipelines.families.whisper.engines.ctranslate2_model import CTranslate2Model
from pipelines.families.whisper.engines.torch_module import load_module
from pipelines.family import EngineSelection

from .accuracy import AccuracyCheck, ReferenceOutput
from .checkpoint import WhisperCheckpoint, read_checkpoint
from .decoding import DecoderEngine, EncoderEngine
from .family import Whisper
from .tokenizer import Tokenizer

#: The precision that an engine names; that of the others is measured.
_PREFERENCES: Mapping[str, PrecisionPreference] = {"ctranslate2-int8": "int8", "ctranslate2-float32": "float32"}
#: Bytes for the encoder states of a batch.
_STATES_BYTES = 200_000_000


def load(entry: RecognitionEntry, device: str) -> Whisper:
    """The model on `device` ("cpu", "cuda", "cuda:1"), from a directory or from Hugging Face (cached, or downloaded).

    Raises `ModelUnavailable` saying what is missing, does not fit, or is too large.
    """
    engine = resolve_engine(entry)
    checkpoint = read_checkpoint(entry)
    check_free_memory(entry, device, _estimate_memory(checkpoint))
    tokenizer = Tokenizer(entry, checkpoint.folder / "tokenizer.json")
    encoder, decoder, selection = _load_engines(entry, device, engine, checkpoint, tokenizer)
    return Whisper(
        entry,
        checkpoint_revision(checkpoint.folder),
        tokenizer,
        encoder,
        decoder,
        max_tokens=checkpoint.max_tokens,
        selection=selection,
    )


def _load_engines(
    entry: RecognitionEntry, device: str, engine: str, checkpoint: WhisperCheckpoint, tokenizer: Tokenizer
) -> tuple[EncoderEngine, DecoderEngine, EngineSelection | None]:
    if engine == "torch":
        from pipelines.families.whisper.engines.torch_model import TorchModel

        model = TorchModel(entry, checkpoint, tokenizer, device)
        return model.encoder, model, None
    encoder = _load_encoder(entry, device, engine, checkpoint)
    folder = convert_to_ctranslate2(entry, checkpoint, tokenizer)
    preference = _PREFERENCES.get(engine)
    candidates = _Candidates(entry, device, folder, encoder, is_small=preference == "int8", tokenizer=tokenizer)
    pair, selection = candidates.select(list_precisions(entry, device, preference))
    return pair.encoder, pair.decoder, selection


def _load_encoder(
    entry: RecognitionEntry, device: str, engine: str, checkpoint: WhisperCheckpoint
) -> EncoderEngine | None:
    """The encoder of another library; None where CTranslate2's is used."""
    if engine == "bfloat16":
        from pipelines.families.whisper.engines.torch_encoder import load_bfloat16_encoder

        return load_bfloat16_encoder(entry, load_module(entry, checkpoint), device)
    if engine == "onnx":
        from pipelines.families.whisper.engines.onnx_encoder import OnnxEncoder

        return OnnxEncoder(entry, checkpoint, device)
    return None


@dataclass(frozen=True, slots=True)
class _Pair:
    """An encoder and a decoder, which may be one model."""

    encoder: EncoderEngine
    decoder: CTranslate2Model
    #: Whether other pairs use the same encoder.
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
        self,
        entry: RecognitionEntry,
        device: str,
        folder: Path,
        encoder: EncoderEngine | None,
        *,
        is_small: bool,
        tokenizer: Tokenizer,
    ) -> None:
        """`encoder`: of another library, for all candidates. `is_small`: nothing may be in memory as float32."""
        self._entry, self._device, self._folder, self._encoder = entry, device, folder, encoder
        self._accuracy = AccuracyCheck(tokenizer)
        self._has_room = _fits_in_float32(entry, folder)
        self._is_small = is_small or not self._has_room

    def select(self, precisions: Sequence[str]) -> tuple[_Pair, EngineSelection]:
        """The candidate in the first precision that is close enough to float32."""
        reference = self._load_reference() if self._has_room else None
        loaders = [partial(self._load, precision) for precision in precisions]
        return select_engine(loaders, partial(self._measure_error, reference))

    def _load(self, precision: str) -> _Pair:
        source = self._folder
        if precision == INT8_REDUCED_RANGE:
            source = convert_to_reduced_range(self._entry, source)
        decoder = CTranslate2Model(self._entry, source, self._device, precision)
        if precision == INT8_REDUCED_RANGE and self._encoder is None and not self._is_small:
            # Where sums saturate, 8 bits make an encoder hardly faster, and 7 bits cause more word errors than 8.
            return _Pair(CTranslate2Model(self._entry, self._folder, self._device, "float32"), decoder)
        return _Pair(self._encoder or decoder, decoder, is_encoder_shared=self._encoder is not None)

    def _measure_error(self, reference: ReferenceOutput | None, pair: _Pair) -> float | None:
        """The error of a candidate; disables its batches where they change results."""
        decoder = pair.decoder
        encoded = self._accuracy.encode(pair.encoder, decoder.bins)
        if decoder.decodes_in_batches and Device.parse(self._device).kind == "cpu":
            decoder.decodes_in_batches = self._accuracy.is_equal_in_batches(decoder, encoded, self._entry.slots)
        return None if reference is None else self._accuracy.measure_error(decoder, encoded, reference)

    def _load_reference(self) -> ReferenceOutput:
        """The output of the model in float32 on the CPU."""

        def compute() -> ReferenceOutput:
            model = CTranslate2Model(self._entry, self._folder, "cpu", "float32")
            try:
                return self._accuracy.compute_reference(model, self._accuracy.encode(model, model.bins))
            finally:
                model.close()

        return self._accuracy.load_reference(self._folder, compute)


def _fits_in_float32(entry: RecognitionEntry, folder: Path) -> bool:
    path = folder / WEIGHTS
    try:
        numbers = sum(value.size for value in read_model(path).variables.values())
    except ValueError as error:
        raise ModelUnavailable(f"{entry.name}: {path} cannot be loaded: {error}") from error
    free = measure_free_bytes("cpu")
    return free is None or 4 * numbers + _STATES_BYTES < free


def _estimate_memory(checkpoint: WhisperCheckpoint) -> int:
    """Bytes for the weights while they are read and converted, and for the states of a batch."""
    return checkpoint.weights.stat().st_size * 3 // 2 + _STATES_BYTES
