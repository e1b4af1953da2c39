"""A published checkpoint of `Wav2Vec2ForCTC`: its files read and validated, and its network with the weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.catalog.checkpoint import find_checkpoint, read_config
from pipelines.catalog.entry import RecognitionEntry
from pipelines.engines.memory import check_free_memory
from pipelines.engines.transformers_checkpoint import load_pretrained
from pipelines.errors import ModelUnavailable

from .alphabet import Alphabet, read_alphabet

if TYPE_CHECKING:
    from transformers import Wav2Vec2ForCTC

RATE_HZ = 16_000
_ARCHITECTURE = "Wav2Vec2ForCTC"
_WEIGHTS = "model.safetensors|pytorch_model.bin|model.safetensors.index.json|pytorch_model.bin.index.json"
#: Only needed in training: published files may lack it.
_TRAINING = ("wav2vec2.masked_spec_embed",)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the configuration files of a checkpoint contain."""

    entry: RecognitionEntry
    folder: Path
    config: Mapping[str, Any]
    alphabet: Alphabet
    #: Whether the model was trained on audio of mean 0 and variance 1.
    is_normalised: bool
    #: Samples from one frame to the next, and the least number of samples that gives a frame.
    stride: int
    min_samples: int

    @property
    def frame_s(self) -> float:
        """Seconds from one frame to the next."""
        return self.stride / RATE_HZ


def read_checkpoint(entry: RecognitionEntry) -> Checkpoint:
    """The entry's checkpoint, validated. Raises `ModelUnavailable` naming what is missing or does not fit."""
    folder = find_checkpoint(entry, "config.json", "vocab.json", "preprocessor_config.json", _WEIGHTS)
    config = read_config(entry, folder / "config.json")
    architectures = config.get("architectures") or [_ARCHITECTURE]
    if config.get("model_type") != "wav2vec2" or _ARCHITECTURE not in architectures:
        found = f"{', '.join(architectures)} of type {config.get('model_type')!r}"
        raise ModelUnavailable(f"{entry.name}: {folder} holds {found}; this family loads {_ARCHITECTURE}.")
    preprocessor = read_config(entry, folder / "preprocessor_config.json")
    if preprocessor.get("sampling_rate", RATE_HZ) != RATE_HZ:
        raise ModelUnavailable(
            f"{entry.name} was trained at {preprocessor['sampling_rate']} Hz; this family needs {RATE_HZ} Hz."
        )
    alphabet = read_alphabet(entry, folder, config)
    stride, min_samples = _compute_framing(entry, config)
    return Checkpoint(
        entry, folder, config, alphabet, bool(preprocessor.get("do_normalize", True)), stride, min_samples
    )


def read_network(checkpoint: Checkpoint, device: str) -> Wav2Vec2ForCTC:
    """The network with its weights, float32, ready for inference. Raises `ModelUnavailable` for weights that are
    damaged, do not fit the network, or exceed the memory of the device."""
    from transformers import Wav2Vec2ForCTC

    files = [path for pattern in ("*.safetensors", "*.bin") for path in checkpoint.folder.glob(pattern)]
    check_free_memory(checkpoint.entry, device, max(path.stat().st_size for path in files))
    return load_pretrained(checkpoint.entry, Wav2Vec2ForCTC, checkpoint.folder, device, unused=_TRAINING)


def _compute_framing(entry: RecognitionEntry, config: Mapping[str, Any]) -> tuple[int, int]:
    """Stride and shortest input in samples, from the sizes of the feature extractor's convolutions."""
    try:
        kernels, strides = list(config["conv_kernel"]), list(config["conv_stride"])
        stride = math.prod(strides)
        min_samples = 1
        for kernel, step in zip(reversed(kernels), reversed(strides), strict=True):
            min_samples = (min_samples - 1) * step + kernel
        if config.get("add_adapter"):
            stride *= int(config.get("adapter_stride", 2)) ** int(config.get("num_adapter_layers", 3))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelUnavailable(f"{entry.name}: config.json lacks fitting conv_kernel and conv_stride.") from error
    return stride, min_samples
