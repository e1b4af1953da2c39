"""A YourTTS out of the files that Coqui published: config.json, model_file.pth, and what belongs to its speakers.

Sizes come from the config, or from the tensors where those are sure. What only training needs is in the file and stays
there: discriminator, posterior encoder, the other half of the duration flow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from pipelines.catalog import weights
from pipelines.catalog.entry import Entry
from pipelines.errors import ModelUnavailable
from pipelines.vocoders.weight_norm import folded

from . import WEIGHTS
from .dimensions import Shape
from .network import Network
from .speaker_encoder import EncoderShape, SpeakerEncoder

_ENCODER_WEIGHTS = ("model_se.safetensors", "model_se.pth", "model_se.pth.tar")
_TRAINING = (
    "disc.",
    "posterior_encoder.",
    "speaker_encoder.",
    "duration_predictor.post_",
    "duration_predictor.flows.1.",
)
#: Level of recordings in training, dB of full scale.
_LEVEL_DB = -27.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What a checkpoint says beside its tensors."""

    sample_rate_hz: int
    length: float
    noise: float
    duration_noise: float

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Settings:
        """From a config.json; what it leaves out is as Coqui has it."""
        arguments = config.get("model_args", {})
        return cls(
            sample_rate_hz=config.get("audio", {}).get("sample_rate", 16_000),
            length=arguments.get("length_scale", 1.0),
            noise=arguments.get("inference_noise_scale", 0.667),
            duration_noise=arguments.get("inference_noise_scale_dp", 1.0),
        )


def read(entry: Entry, folder: Path, config: Mapping[str, Any]) -> Network:
    """The model of a directory. Raises `ModelUnavailable` naming what is missing or does not fit."""
    path = next(folder / name for name in WEIGHTS if (folder / name).is_file())
    tensors = folded(weights.state_dict(entry, path))
    try:
        shape = Shape.of({**config["model_args"], **_sizes(tensors)})
    except (KeyError, TypeError, ValueError) as error:
        raise ModelUnavailable(f"{entry.name}: {path.name} and its config are of no YourTTS: {error}") from error
    network = Network(shape)
    weights.fill(entry, network, tensors, spare=_TRAINING)
    return network.eval().requires_grad_(False)


def _sizes(tensors: Mapping[str, torch.Tensor]) -> dict[str, int]:
    """What older configs leave out or have wrong."""
    symbols, hidden = tensors["text_encoder.emb.weight"].shape
    languages, language = tensors["emb_l.weight"].shape
    return {
        "num_chars": symbols,
        "hidden_channels": hidden,
        "num_languages": languages,
        "embedded_language_dim": language,
        "d_vector_dim": tensors["waveform_decoder.cond_layer.weight"].shape[1],
    }


@dataclass(frozen=True, slots=True)
class Listener:
    """A speaker encoder, and the level that it hears recordings at; None = as they are."""

    encoder: SpeakerEncoder
    level_db: float | None


def read_listener(entry: Entry, folder: Path) -> Listener | None:
    """The speaker encoder of a directory; None where there is none. Raises `ModelUnavailable` for one that is unfit."""
    path = next((folder / name for name in _ENCODER_WEIGHTS if (folder / name).is_file()), None)
    if path is None or not (folder / "config_se.json").is_file():
        return None
    config = weights.config(entry, folder / "config_se.json")
    arguments, audio = config.get("model_params", {}), config.get("audio", {})
    if arguments.get("model_name", "resnet") != "resnet" or not arguments.get("use_torch_spec", True):
        raise ModelUnavailable(
            f"{entry.name}: config_se.json is of no ResNet speaker encoder with its own spectrogram."
        )
    known = EncoderShape()
    encoder = SpeakerEncoder(
        EncoderShape(
            mels=arguments.get("input_dim", known.mels),
            fft=audio.get("fft_size", known.fft),
            window=audio.get("win_length", known.window),
            hop=audio.get("hop_length", known.hop),
            vector=arguments.get("proj_dim", known.vector),
            layers=tuple(arguments.get("layers", known.layers)),
            filters=tuple(arguments.get("num_filters", known.filters)),
        )
    )
    weights.fill(entry, encoder, weights.state_dict(entry, path))
    level_db = audio.get("db_level", _LEVEL_DB) if audio.get("do_rms_norm", False) else None
    return Listener(encoder.eval().requires_grad_(False), level_db)
