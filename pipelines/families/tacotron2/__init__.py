"""Tacotron 2 as NVIDIA publishes it: English, one voice, frames by attention; sound by one of the vocoders.

`load` and `voices` are what the catalogue names. Importing this package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.family import Voice

if TYPE_CHECKING:
    from pipelines.catalog.entry import Entry

    from .family import Tacotron2


def load(entry: Entry, device: str) -> Tacotron2:
    """The family from a directory. Raises `ModelUnavailable` saying what is missing."""
    from pipelines.catalog.weights import checkpoint

    from .family import Tacotron2

    return Tacotron2(entry, checkpoint(entry), device)


def voices(entry: Entry) -> list[Voice]:
    """The one voice; the published one read LJ Speech."""
    gender = "female" if entry.name == "tacotron2" else None
    return [Voice(entry.name, entry.name, "en-US", "tacotron2", gender, entry.sample_rate_hz)]
