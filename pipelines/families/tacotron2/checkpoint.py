"""Load a Tacotron 2 from the files that NVIDIA published: tacotron2_statedict.pt and those of DeepLearningExamples.

Sizes are read from the tensors; the published files have no config. A `config.json` sets the mel convention and the
limits; without one they are those of the published training on LJ Speech.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from pipelines.catalog.checkpoint import read_config
from pipelines.catalog.entry import SynthesisEntry
from pipelines.catalog.weights import fill_module, find_weights_file, load_state_dict
from pipelines.errors import ModelUnavailable
from pipelines.vocoders.mel import MelConvention

from .dimensions import Tacotron2Dimensions
from .frontend import SYMBOLS
from .network import Tacotron2Network

_NORM_EPSILON = 1e-5
#: More frames than any utterance of the training: a longer one has an attention fault.
_MAX_FRAMES = 1000


@dataclass(frozen=True, slots=True)
class InferenceSettings:
    """The settings of a checkpoint for inference."""

    mel: MelConvention
    gate_threshold: float
    max_frames: int

    @classmethod
    def from_config(cls, config: Mapping[str, Any], bins: int) -> InferenceSettings:
        """From the hparams of either repository; missing values are as published."""
        mel = MelConvention(
            sample_rate_hz=config.get("sampling_rate", 22_050),
            fft=config.get("filter_length", 1024),
            hop=config.get("hop_length", 256),
            window=config.get("win_length", 1024),
            bins=bins,
            fmin_hz=config.get("mel_fmin", 0.0),
            fmax_hz=config.get("mel_fmax", 8000.0),
        )
        return cls(mel, config.get("gate_threshold", 0.5), config.get("max_decoder_steps", _MAX_FRAMES))


def read_checkpoint(entry: SynthesisEntry, folder: Path) -> tuple[Tacotron2Network, InferenceSettings]:
    """The model of a directory. Raises `ModelUnavailable` naming what is missing or does not fit."""
    tensors = rename_tensors(load_state_dict(entry, find_weights_file(entry, folder)))
    try:
        dimensions = read_dimensions(tensors)
    except (KeyError, ValueError) as error:
        raise ModelUnavailable(f"{entry.name}: these are no weights of a Tacotron 2: {error}") from error
    network = Tacotron2Network(dimensions)
    fill_module(entry, network, tensors)
    config = read_config(entry, folder / "config.json") if (folder / "config.json").is_file() else {}
    return network.eval().requires_grad_(False), InferenceSettings.from_config(config, dimensions.bins)


def rename_tensors(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors under the network's names: without prefixes of parallel training, batch norms folded."""
    named = {
        re.sub(r"\.(?:linear_layer|conv)\.", ".", re.sub(r"^(?:module\.)?(?:1\.)?", "", name)): tensor
        for name, tensor in tensors.items()
    }
    folded = {name: tensor for name, tensor in named.items() if "convolutions." not in name}
    for name in named:
        found = re.fullmatch(r"(\w+\.convolutions\.\d+)\.0\.weight", name)
        if found is not None:
            folded |= _fold_batch_norm(named, found[1])
    return folded


def _fold_batch_norm(tensors: Mapping[str, torch.Tensor], stem: str) -> dict[str, torch.Tensor]:
    """A convolution with the batch norm after it folded in; {} where the file lacks a part of them."""
    parts = ("0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var")
    if any(f"{stem}.{part}" not in tensors for part in parts):
        return {}  # Filling the module reports it as missing.
    weight, bias, gain, shift, mean, variance = (tensors[f"{stem}.{part}"] for part in parts)
    scale = gain / torch.sqrt(variance + _NORM_EPSILON)
    return {
        f"{stem}.weight": weight * scale[:, None, None],
        f"{stem}.bias": (bias - mean) * scale + shift,
    }


def read_dimensions(tensors: Mapping[str, torch.Tensor]) -> Tacotron2Dimensions:
    """Sizes from the tensors of `rename_tensors`. Raises KeyError or ValueError for missing ones."""
    symbols, embedding = tensors["embedding.weight"].shape
    attention, attention_rnn = tensors["decoder.attention_layer.query_layer.weight"].shape
    filters, _, location_kernel = tensors["decoder.attention_layer.location_layer.location_conv.weight"].shape
    postnet, bins, postnet_kernel = tensors["postnet.convolutions.0.weight"].shape
    return Tacotron2Dimensions(
        symbols=symbols,
        embedding=embedding,
        encoder_layers=_count(tensors, "encoder"),
        encoder_kernel=tensors["encoder.convolutions.0.weight"].shape[2],
        bins=bins,
        prenet=tensors["decoder.prenet.layers.0.weight"].shape[0],
        attention_rnn=attention_rnn,
        attention=attention,
        location_filters=filters,
        location_kernel=location_kernel,
        decoder_rnn=tensors["decoder.decoder_rnn.weight_hh"].shape[1],
        postnet=postnet,
        postnet_layers=_count(tensors, "postnet"),
        postnet_kernel=postnet_kernel,
    )


def _count(tensors: Mapping[str, torch.Tensor], part: str) -> int:
    return sum(1 for name in tensors if re.fullmatch(rf"{part}\.convolutions\.\d+\.weight", name))


def read_symbols(entry: SynthesisEntry, folder: Path, count: int) -> Sequence[str]:
    """The symbols by id: those of a `symbols.json` (a list) in the directory, else the published ones.

    Raises `ModelUnavailable` where their number is not the checkpoint's.
    """
    symbols: Sequence[str] = SYMBOLS
    path = folder / "symbols.json"
    if path.is_file():
        try:
            symbols = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ModelUnavailable(f"{entry.name}: {path} cannot be read as JSON: {error}") from error
    if not isinstance(symbols, list | tuple) or len(symbols) != count or " " not in symbols:
        raise ModelUnavailable(
            f"{entry.name}: the checkpoint has {count} symbols; put a symbols.json beside it that lists them in order."
        )
    return symbols
