"""The checkpoint layouts that are known, and loading a vocoder by the one that its files have.

The layout is detected by the names of the tensors, never by the name of a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.catalog.entry import Entry
from pipelines.catalog.vocoder_settings import VocoderSettings
from pipelines.errors import ModelUnavailable

from . import hifigan, melgan, waveglow
from .checkpoint import VocoderLayout, read_checkpoint
from .vocoder import Vocoder

if TYPE_CHECKING:
    import torch

#: The first one that detects its tensors loads them.
LAYOUTS: Sequence[VocoderLayout] = (hifigan.LAYOUT, waveglow.LAYOUT, melgan.LAYOUT)


def load_vocoder(
    entry: Entry, source: str, device: torch.device, settings: VocoderSettings = VocoderSettings()
) -> Vocoder:
    """The vocoder at `source`: a directory, a file, or a Hugging Face id.

    Raises `ModelUnavailable` saying what is missing, unknown or unsafe.
    """
    checkpoint = read_checkpoint(entry, source, device, settings)
    for layout in LAYOUTS:
        if layout.detect(checkpoint.tensors):
            return layout.load(checkpoint)
    *names, last = (layout.name for layout in LAYOUTS)
    raise ModelUnavailable(
        f"{entry.name}: {checkpoint.path.name} is no {', '.join(names)} or {last}: its names are of none of them."
    )
