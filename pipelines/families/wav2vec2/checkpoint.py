"""A published folder of `Wav2Vec2ForCTC`: its files read and checked, its network with the weights put in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.catalog import weights
from pipelines.catalog.entry import Entry
from pipelines.engines.memory import check_room
from pipelines.engines.transformers_checkpoint import pretrained
from pipelines.errors import ModelUnavailable

from .alphabet import Alphabet, read_alphabet

if TYPE_CHECKING:
    from transformers import Wav2Vec2ForCTC

RATE_HZ = 16_000
_ARCHITECTURE = "Wav2Vec2ForCTC"
_WEIGHTS = "model.safetensors|pytorch_model.bin|model.safetensors.index.json|pytorch_model.bin.index.json"
#: Used in training alone: published files have it or not.
_TRAINING = ("wav2vec2.masked_spec_embed",)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is known of a folder before its weights are read."""

    entry: Entry
    folder: Path
    config: Mapping[str, Any]
    alphabet: Alphabet
    #: Whether the model was trained on sound of mean 0 and variance 1.
    is_normalised: bool
    #: Samples from one frame to the next, and samples that the first frame needs.
    stride: int
    shortest: int

    @property
    def frame_s(self) -> float:
        """Seconds from one frame to the next."""
        return self.stride / RATE_HZ


def read_checkpoint(entry: Entry) -> Checkpoint:
    """The entry's folder, checked. Raises `ModelUnavailable` naming what is missing or does not fit."""
    folder = weights.checkpoint(entry, "config.json", "vocab.json", "preprocessor_config.json", _WEIGHTS)
    config = weights.config(entry, folder / "config.json")
    architectures = config.get("architectures") or [_ARCHITECTURE]
    if config.get("model_type") != "wav2vec2" or _ARCHITECTURE not in architectures:
        found = f"{', '.join(architectures)} of type {config.get('model_type')!r}"
        raise ModelUnavailable(f"{entry.name}: {folder} holds {found}; this family loads {_ARCHITECTURE}.")
    sound = weights.config(entry, folder / "preprocessor_config.json")
    if sound.get("sampling_rate", RATE_HZ) != RATE_HZ:
        raise ModelUnavailable(f"{entry.name} hears {sound['sampling_rate']} Hz; this family hears {RATE_HZ} Hz.")
    alphabet = read_alphabet(entry, folder, config)
    stride, shortest = _frames(entry, config)
    return Checkpoint(entry, folder, config, alphabet, bool(sound.get("do_normalize", True)), stride, shortest)


def read_network(checkpoint: Checkpoint, device: str) -> Wav2Vec2ForCTC:
    """The network with its weights, float32, ready to infer. Raises `ModelUnavailable` for weights that are damaged,
    do not fit, or have no room on the device."""
    from transformers import Wav2Vec2ForCTC

    files = [path for pattern in ("*.safetensors", "*.bin") for path in checkpoint.folder.glob(pattern)]
    check_room(checkpoint.entry, device, max(path.stat().st_size for path in files))
    return pretrained(checkpoint.entry, Wav2Vec2ForCTC, checkpoint.folder, device, unused=_TRAINING)


def _frames(entry: Entry, config: Mapping[str, Any]) -> tuple[int, int]:
    """Stride and shortest input in samples, from the convolutions that turn samples into frames."""
    try:
        kernels, strides = list(config["conv_kernel"]), list(config["conv_stride"])
        stride = math.prod(strides)
        shortest = 1
        for kernel, step in zip(reversed(kernels), reversed(strides), strict=True):
            shortest = (shortest - 1) * step + kernel
        if config.get("add_adapter"):
            stride *= int(config.get("adapter_stride", 2)) ** int(config.get("num_adapter_layers", 3))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelUnavailable(f"{entry.name}: config.json lacks fitting conv_kernel and conv_stride.") from error
    return stride, shortest
