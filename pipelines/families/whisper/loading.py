"""Which encoder and decoder an entry gets: the engine that it names, else the first of the catalogue.

- `ctranslate2`: both in CTranslate2, from either form of a checkpoint.
- `ctranslate2-int8`: the same with weights of 8 bits on GPUs too, where the other takes 16.
- `bfloat16`: the encoder in PyTorch with 16 bits, the decoder in CTranslate2; for CPUs that multiply bfloat16.
- `onnx`: the encoder in ONNX Runtime, the decoder in CTranslate2.
- `torch`: both in PyTorch.
"""

from __future__ import annotations

from pipelines.engines.memory import check_room
from pipelines.engines.selection import engine_of
from pipelines.entry import Entry
from pipelines.loading import revision

from .checkpoint import Checkpoint, opened
from .conversion import ctranslate2_folder
from .ctranslate2_model import CTranslate2Model
from .decoding import Decoder, Encoder
from .family import Whisper
from .tokenizer import Tokenizer
from .torch_module import filled_module


def load(entry: Entry, device: str) -> Whisper:
    """The model on `device` ("cpu", "cuda", "cuda:1"), from a directory or from Hugging Face, cached there or fetched.

    Raises `ModelUnavailable` saying what is missing, does not fit, or is too large.
    """
    engine = engine_of(entry)
    checkpoint = opened(entry)
    check_room(entry, device, _needed(checkpoint))
    tokenizer = Tokenizer(entry, checkpoint.folder / "tokenizer.json")
    encoder, decoder = _models(entry, device, engine, checkpoint, tokenizer)
    return Whisper(entry, revision(checkpoint.folder), tokenizer, encoder, decoder, longest=checkpoint.longest)


def _models(
    entry: Entry, device: str, engine: str, checkpoint: Checkpoint, tokenizer: Tokenizer
) -> tuple[Encoder, Decoder]:
    if engine == "torch":
        from .torch_model import TorchModel

        whole = TorchModel(entry, checkpoint, tokenizer, device)
        return whole.encoder, whole
    folder = ctranslate2_folder(entry, checkpoint, tokenizer)
    model = CTranslate2Model(entry, folder, device, small=engine == "ctranslate2-int8")
    if engine == "bfloat16":
        from .torch_encoder import bfloat16_encoder

        return bfloat16_encoder(entry, filled_module(entry, checkpoint), device), model
    if engine == "onnx":
        from .onnx_encoder import OnnxEncoder

        return OnnxEncoder(entry, checkpoint, device), model
    return model, model


def _needed(checkpoint: Checkpoint) -> int:
    """Bytes for the weights, while they are read and made smaller, and for the states of a batch."""
    return checkpoint.weights.stat().st_size * 3 // 2 + 200_000_000
