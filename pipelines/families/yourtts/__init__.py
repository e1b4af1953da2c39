"""YourTTS as Coqui publishes it: English, French and Portuguese, in its own voices or in that of a recording.

The catalogue refers to `load` and `voices`. Importing this package loads no library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.catalog.entry import SynthesisEntry
    from pipelines.family import Voice

    from .family import YourTts


def load(entry: SynthesisEntry, device: str) -> YourTts:
    """The family from a directory. Raises `ModelUnavailable` saying what is missing."""
    from .family import YourTts

    return YourTts(entry, _folder(entry), device)


def voices(entry: SynthesisEntry) -> list[Voice]:
    """The checkpoint's own speakers. Raises `ModelUnavailable` where it is missing."""
    from .speakers import list_voices

    return list_voices(entry, _folder(entry))


def _folder(entry: SynthesisEntry) -> Path:
    from pipelines.catalog.checkpoint import find_checkpoint

    from .published_files import WEIGHTS

    return find_checkpoint(entry, "config.json", "language_ids.json", "|".join(WEIGHTS))
