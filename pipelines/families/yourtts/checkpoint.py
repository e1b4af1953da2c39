"""Load a YourTTS from the files that Coqui published: config.json, model_file.pth, and those of the speaker encoder.

Sizes come from the config, or from the tensors where those are unambiguous. Tensors that only training needs are
ignored: discriminator, posterior encoder, the other half of the duration flow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from pipelines.catalog.checkpoint import read_config
from pipelines.catalog.entry import SynthesisEntry
from pipelines.catalog.weights import fill_module, load_state_dict
from pipelines.errors import ModelUnavailable
from pipelines.vocoders.weight_norm import fold_weight_norm

from .dimensions import YourTtsDimensions
from .network import YourTtsNetwork
from .published_files import WEIGHTS
from .speaker_encoder import ResNetSpeakerEncoder, SpeakerEncoderDimensions

_ENCODER_WEIGHTS = ("model_se.safetensors", "model_se.pth", "model_se.pth.tar")
#: Prefixes of tensors that only training needs.
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
class InferenceSettings:
    """The settings of a checkpoint for inference."""

    sample_rate_hz: int
    length: float
    noise: float
    duration_noise: float

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> InferenceSettings:
        """From a config.json; missing values are Coqui's defaults."""
        arguments = config.get("model_args", {})
        return cls(
            sample_rate_hz=config.get("audio", {}).get("sample_rate", 16_000),
            length=arguments.get("length_scale", 1.0),
            noise=arguments.get("inference_noise_scale", 0.667),
            duration_noise=arguments.get("inference_noise_scale_dp", 1.0),
        )


def read_network(entry: SynthesisEntry, folder: Path, config: Mapping[str, Any]) -> YourTtsNetwork:
    """The model of a directory. Raises `ModelUnavailable` naming what is missing or does not fit."""
    path = next(folder / name for name in WEIGHTS if (folder / name).is_file())
    tensors = fold_weight_norm(load_state_dict(entry, path))
    try:
        dimensions = YourTtsDimensions.from_config({**config["model_args"], **_read_sizes(tensors)})
    except (KeyError, TypeError, ValueError) as error:
        raise ModelUnavailable(f"{entry.name}: {path.name} and its config are of no YourTTS: {error}") from error
    network = YourTtsNetwork(dimensions)
    fill_module(entry, network, tensors, spare=_TRAINING)
    return network.eval().requires_grad_(False)


def _read_sizes(tensors: Mapping[str, torch.Tensor]) -> dict[str, int]:
    """The sizes that older configs leave out or have wrong."""
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
class ReferenceEncoder:
    """A speaker encoder, and the level in dB of full scale of its recordings; None = unchanged."""

    encoder: ResNetSpeakerEncoder
    level_db: float | None


def read_reference_encoder(entry: SynthesisEntry, folder: Path) -> ReferenceEncoder | None:
    """The speaker encoder of a directory; None where there is none. Raises `ModelUnavailable` for an unfit one."""
    path = next((folder / name for name in _ENCODER_WEIGHTS if (folder / name).is_file()), None)
    if path is None or not (folder / "config_se.json").is_file():
        return None
    config = read_config(entry, folder / "config_se.json")
    arguments, audio = config.get("model_params", {}), config.get("audio", {})
    if arguments.get("model_name", "resnet") != "resnet" or not arguments.get("use_torch_spec", True):
        raise ModelUnavailable(
            f"{entry.name}: config_se.json is of no ResNet speaker encoder with its own spectrogram."
        )
    defaults = SpeakerEncoderDimensions()
    encoder = ResNetSpeakerEncoder(
        SpeakerEncoderDimensions(
            mels=arguments.get("input_dim", defaults.mels),
            fft=audio.get("fft_size", defaults.fft),
            window=audio.get("win_length", defaults.window),
            hop=audio.get("hop_length", defaults.hop),
            embedding=arguments.get("proj_dim", defaults.embedding),
            layers=tuple(arguments.get("layers", defaults.layers)),
            filters=tuple(arguments.get("num_filters", defaults.filters)),
        )
    )
    fill_module(entry, encoder, load_state_dict(entry, path))
    level_db = audio.get("db_level", _LEVEL_DB) if audio.get("do_rms_norm", False) else None
    return ReferenceEncoder(encoder.eval().requires_grad_(False), level_db)
