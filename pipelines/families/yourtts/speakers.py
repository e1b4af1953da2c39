"""The speakers of a YourTTS checkpoint: `speakers.json`, with the speaker's name and an embedding for each clip.

A speaker's embedding is the mean of its clips'. Knows files and names; nothing of recordings.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.catalog.checkpoint import read_config
from pipelines.catalog.entry import SynthesisEntry
from pipelines.errors import ModelUnavailable, UnsupportedOption
from pipelines.family import SpeakerEmbedding, Voice

#: Names that a message lists.
_LISTED = 12


def read_clips(entry: SynthesisEntry, folder: Path) -> Mapping[str, list[Any]]:
    """Embeddings of clips by the name of their speaker; empty where the file is missing.

    Raises `ModelUnavailable` for a file of another form.
    """
    path = folder / "speakers.json"
    found: dict[str, list[Any]] = {}
    if not path.is_file():
        return found
    for clip in read_config(entry, path).values():
        if not isinstance(clip, Mapping) or not isinstance(clip.get("embedding"), list):
            raise ModelUnavailable(f"{entry.name}: {path} does not map clips to a name and an embedding.")
        # A published name ends in a newline.
        found.setdefault(str(clip.get("name", "")).strip(), []).append(clip["embedding"])
    return found


def read_embeddings(entry: SynthesisEntry, folder: Path) -> Mapping[str, SpeakerEmbedding]:
    """The embedding of each speaker: the mean of its clips'."""
    return {name: np.mean(clips, axis=0, dtype=np.float32) for name, clips in read_clips(entry, folder).items()}


def list_voices(entry: SynthesisEntry, folder: Path) -> list[Voice]:
    """The checkpoint's own speakers; each can be used in all of its languages."""
    language = next(iter(entry.languages), "en")
    return [
        Voice(name, name, language, entry.family, _gender(name), entry.sample_rate_hz)
        for name in read_clips(entry, folder)
    ]


def _gender(name: str) -> str | None:
    """Published names begin with the gender: female-en-5."""
    first = name.partition("-")[0]
    return first if first in ("female", "male") else None


def resolve_embedding(
    entry: SynthesisEntry, embeddings: Mapping[str, SpeakerEmbedding], voice: str
) -> SpeakerEmbedding:
    """The embedding of a voice; "" is the entry's default, else the first. Raises `UnsupportedOption` naming some."""
    if not embeddings:
        raise UnsupportedOption(
            f"{entry.name} has no speakers of its own; it needs the voice of a recording.", field="voice"
        )
    default = entry.default_voice
    name = voice or (default if default is not None and default in embeddings else next(iter(embeddings)))
    if name not in embeddings:
        more = f" and {len(embeddings) - _LISTED} more" if len(embeddings) > _LISTED else ""
        known = ", ".join(list(embeddings)[:_LISTED]) + more
        raise UnsupportedOption(f"{entry.name} has no voice {voice!r}; it has: {known}.", field="voice")
    return embeddings[name]
