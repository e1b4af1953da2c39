"""The files of a vocoder: weights, config.json and mel.json, read before it is known which model they are of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.catalog.checkpoint import checkpoint_revision, find_checkpoint, read_config
from pipelines.catalog.entry import Entry
from pipelines.catalog.vocoder_settings import VocoderSettings
from pipelines.catalog.weights import find_weights_file, load_state_dict
from pipelines.errors import ModelUnavailable

from .mel import MelConvention
from .module_pickle import read_module_tensors
from .vocoder import Vocoder

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class VocoderCheckpoint:
    """What a vocoder is loaded from."""

    entry: Entry
    #: The weights file.
    path: Path
    #: Of config.json; empty without one.
    config: Mapping[str, Any]
    tensors: Mapping[str, torch.Tensor]
    #: Of mel.json, which overrides what the config or the publication says; None without one.
    mel: MelConvention | None
    device: torch.device
    revision: str
    settings: VocoderSettings


@dataclass(frozen=True, slots=True)
class VocoderLayout:
    """A published checkpoint layout: how it is recognised by the names of its tensors, and how it is loaded."""

    #: For messages: "HiFi-GAN".
    name: str
    detect: Callable[[Mapping[str, torch.Tensor]], bool]
    #: Raises `ModelUnavailable` naming what is missing or does not fit.
    load: Callable[[VocoderCheckpoint], Vocoder]


def read_checkpoint(
    entry: Entry, source: str, device: torch.device, settings: VocoderSettings = VocoderSettings()
) -> VocoderCheckpoint:
    """The files at `source`: a directory, a file, or a Hugging Face id.

    Raises `ModelUnavailable` saying what is missing, damaged or unsafe.
    """
    path = Path(source).expanduser()
    folder = path.parent if path.is_file() else find_checkpoint(replace(entry, source=source, revision=None))
    file = path if path.is_file() else find_weights_file(entry, folder)
    return VocoderCheckpoint(
        entry=entry,
        path=file,
        config=read_config(entry, folder / "config.json") if (folder / "config.json").is_file() else {},
        tensors=_read_tensors(entry, file),
        mel=_read_mel_convention(entry, folder),
        device=device,
        revision=checkpoint_revision(folder),
        settings=settings,
    )


def _read_tensors(entry: Entry, file: Path) -> Mapping[str, torch.Tensor]:
    try:
        return load_state_dict(entry, file)
    except ModelUnavailable:
        if file.suffix == ".safetensors":
            raise
        # WaveGlow was published as a pickled module. Its tensors can be read without running the pickle's code.
        return read_module_tensors(entry, file)


def _read_mel_convention(entry: Entry, folder: Path) -> MelConvention | None:
    path = folder / "mel.json"
    if not path.is_file():
        return None
    try:
        return MelConvention.from_json(read_config(entry, path))
    except ValueError as error:
        raise ModelUnavailable(f"{entry.name}: {path}: {error}.") from error
