"""Tacotron 2 as NVIDIA publishes it: English, one voice, mel frames by attention; the waveform by a vocoder.

The catalogue refers to `load` and `voices`. Importing this package loads no library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.family import Voice

if TYPE_CHECKING:
    from pipelines.catalog.entry import SynthesisEntry

    from .family import Tacotron2


def load(entry: SynthesisEntry, device: str) -> Tacotron2:
    """The family from a directory. Raises `ModelUnavailable` saying what is missing."""
    from pipelines.catalog.checkpoint import find_checkpoint

    from .family import Tacotron2

    return Tacotron2(entry, find_checkpoint(entry), device)


def voices(entry: SynthesisEntry) -> list[Voice]:
    """The one voice; the published one was trained on LJ Speech."""
    gender = "female" if entry.name == "tacotron2" else None
    return [Voice(entry.name, entry.name, "en-US", "tacotron2", gender, entry.sample_rate_hz)]
