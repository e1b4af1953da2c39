"""FastSpeech2 with a Conformer through transformers: ESPnet's English voice, with control of speed, pitch and energy.

The catalogue refers to `load` and `voices`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.catalog.checkpoint import find_checkpoint
from pipelines.family import Voice

if TYPE_CHECKING:
    from pipelines.catalog.entry import SynthesisEntry

    from .family import FastSpeech2


def load(entry: SynthesisEntry, device: str) -> FastSpeech2:
    """The model and its vocoder on `device`. Raises `ModelUnavailable` saying what is missing."""
    from .family import FastSpeech2

    folder = find_checkpoint(entry, "config.json", "vocab.json", "model.safetensors|pytorch_model.bin")
    return FastSpeech2(entry, folder, device)


def voices(entry: SynthesisEntry) -> list[Voice]:
    """The one voice of the checkpoint; the published one was trained on LJ Speech."""
    return [
        Voice(entry.default_voice or entry.name, "LJ Speech", "en-US", "fastspeech2", "female", entry.sample_rate_hz)
    ]
