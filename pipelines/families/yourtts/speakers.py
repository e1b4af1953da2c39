"""The voices that a YourTTS checkpoint brings: `speakers.json`, clips with a name and a vector each.

A voice is the mean of its clips. Knows files and names; nothing of recordings.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.catalog.entry import Entry
from pipelines.catalog.weights import config
from pipelines.errors import ModelUnavailable, UnsupportedOption
from pipelines.family import SpeakerVector, Voice

_FEW = 12


def clips_of(entry: Entry, folder: Path) -> Mapping[str, list[Any]]:
    """Vectors by the name of their speaker; nothing where the file is not there.

    Raises `ModelUnavailable` for a file of another form.
    """
    path = folder / "speakers.json"
    found: dict[str, list[Any]] = {}
    if not path.is_file():
        return found
    for clip in config(entry, path).values():
        if not isinstance(clip, Mapping) or not isinstance(clip.get("embedding"), list):
            raise ModelUnavailable(f"{entry.name}: {path} does not map clips to a name and an embedding.")
        # A published name ends in a newline.
        found.setdefault(str(clip.get("name", "")).strip(), []).append(clip["embedding"])
    return found


def vectors_of(entry: Entry, folder: Path) -> Mapping[str, SpeakerVector]:
    """The vector of each speaker: the mean of those of its clips."""
    return {name: np.mean(clips, axis=0, dtype=np.float32) for name, clips in clips_of(entry, folder).items()}


def voices_of(entry: Entry, folder: Path) -> list[Voice]:
    """The checkpoint's own speakers, each of whom speaks every language of it."""
    language = next(iter(entry.languages), "en")
    return [
        Voice(name, name, language, entry.family, _gender(name), entry.sample_rate_hz)
        for name in clips_of(entry, folder)
    ]


def _gender(name: str) -> str | None:
    """Published names begin with it: female-en-5."""
    first = name.partition("-")[0]
    return first if first in ("female", "male") else None


def vector_of(entry: Entry, vectors: Mapping[str, SpeakerVector], voice: str) -> SpeakerVector:
    """The vector of a voice; "" is the entry's default, else the first. Raises `UnsupportedOption` naming some."""
    if not vectors:
        raise UnsupportedOption(
            f"{entry.name} has no speakers of its own; it speaks with the voice of a recording.", field="voice"
        )
    default = entry.default_voice
    name = voice or (default if default is not None and default in vectors else next(iter(vectors)))
    if name not in vectors:
        more = f" and {len(vectors) - _FEW} more" if len(vectors) > _FEW else ""
        known = ", ".join(list(vectors)[:_FEW]) + more
        raise UnsupportedOption(f"{entry.name} has no voice {voice!r}; it has: {known}.", field="voice")
    return vectors[name]
