"""FastSpeech2 with a Conformer through transformers: ESPnet's English voice. Speed, pitch and energy can be set.

`load` and `voices` are what the catalogue names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.catalog.weights import checkpoint
from pipelines.family import Voice

if TYPE_CHECKING:
    from pipelines.catalog.entry import Entry

    from .family import FastSpeech2


def load(entry: Entry, device: str) -> FastSpeech2:
    """The model and its vocoder on `device`. Raises `ModelUnavailable` saying what is missing."""
    from .family import FastSpeech2

    folder = checkpoint(entry, "config.json", "vocab.json", "model.safetensors|pytorch_model.bin")
    return FastSpeech2(entry, folder, device)


def voices(entry: Entry) -> list[Voice]:
    """The one voice of the checkpoint: the published one read LJ Speech."""
    return [
        Voice(entry.default_voice or entry.name, "LJ Speech", "en-US", "fastspeech2", "female", entry.sample_rate_hz)
    ]
