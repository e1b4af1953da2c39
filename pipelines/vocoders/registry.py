"""From what a catalogue entry names to a vocoder that runs: which file, which layout, which mels.

The layout is read off the names of the tensors, never off the name of a file. Mel conventions are data of the
checkpoint: its config, the published one where it has none, or a `mel.json` beside it, which wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.catalog import weights
from pipelines.catalog.entry import Entry
from pipelines.catalog.vocoder_settings import Knobs
from pipelines.errors import ModelUnavailable

from .mel import MelConvention
from .vocoder import Vocoder

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class _Found:
    """What lies at a source."""

    entry: Entry
    config: Mapping[str, Any]
    tensors: Mapping[str, Any]
    #: The convention of a `mel.json`.
    mel: MelConvention | None
    device: torch.device
    revision: str
    knobs: Knobs


def open_vocoder(entry: Entry, source: str, device: torch.device, knobs: Knobs = Knobs()) -> Vocoder:
    """The vocoder at `source`: a directory, a file, or a Hugging Face id.

    Raises `ModelUnavailable` saying what is missing, unknown or unsafe.
    """
    path = Path(source).expanduser()
    folder = path.parent if path.is_file() else weights.checkpoint(replace(entry, source=source, revision=None))
    file = path if path.is_file() else weights.weights_file(entry, folder)
    config = weights.config(entry, folder / "config.json") if (folder / "config.json").is_file() else {}
    tensors = _tensors(entry, file)
    found = _Found(entry, config, tensors, _stated_mel(entry, folder), device, weights.revision(folder), knobs)
    if any(name.startswith(("ups.", "upsampler.")) for name in tensors):
        return _hifigan(found)
    if any("convinv.0." in name for name in tensors):
        return _waveglow(found)
    if any(name.startswith("model.1.weight") for name in tensors):
        return _melgan(found)
    raise ModelUnavailable(
        f"{entry.name}: {file.name} is no HiFi-GAN, WaveGlow or MelGAN: its names are of none of them."
    )


def _hifigan(found: _Found) -> Vocoder:
    from . import hifigan

    name = found.entry.name
    if not found.config:
        raise ModelUnavailable(f"{name}: the HiFi-GAN needs its config.json beside its weights.")
    try:
        mel = found.mel or hifigan.convention_of(found.config)
    except (KeyError, TypeError) as error:
        raise ModelUnavailable(f"{name}: the HiFi-GAN's config.json does not say its mel: {error}") from error
    generator = hifigan.generator_of(found.entry, found.config, found.tensors)
    return hifigan.HifiGan(generator, mel, device=found.device, revision=found.revision, knobs=found.knobs)


def _waveglow(found: _Found) -> Vocoder:
    from . import waveglow

    model = waveglow.model_of(found.entry, found.tensors)
    data = found.config.get("data_config", {})
    stated = MelConvention(
        sample_rate_hz=data.get("sampling_rate", 22_050),
        fft=data.get("filter_length", 1024),
        hop=data.get("hop_length", 256),
        window=data.get("win_length", 1024),
        bins=model.shape.bins,
        fmin_hz=data.get("mel_fmin", 0.0),
        fmax_hz=data.get("mel_fmax", 8000.0),
    )
    return waveglow.WaveGlowVocoder(
        model, found.mel or stated, device=found.device, revision=found.revision, knobs=found.knobs
    )


def _melgan(found: _Found) -> Vocoder:
    from . import melgan

    generator = melgan.generator_of(found.entry, found.tensors)
    return melgan.MelGan(generator, found.mel or melgan.MELGAN_MEL, device=found.device, revision=found.revision)


def _tensors(entry: Entry, file: Path) -> Mapping[str, Any]:
    try:
        return weights.state_dict(entry, file)
    except ModelUnavailable:
        if file.suffix == ".safetensors":
            raise
        # WaveGlow was published as a pickled module: its tensors can be had without running it, or it is refused.
        from .module_pickle import module_tensors

        return module_tensors(entry, file)


def _stated_mel(entry: Entry, folder: Path) -> MelConvention | None:
    path = folder / "mel.json"
    if not path.is_file():
        return None
    try:
        return MelConvention.of(weights.config(entry, path))
    except ValueError as error:
        raise ModelUnavailable(f"{entry.name}: {path}: {error}.") from error
