"""YourTTS as Coqui publishes it: English, French and Portuguese, in its own voices or in that of a recording.

`load` and `voices` are what the catalogue names. Importing this package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.catalog.entry import Entry
    from pipelines.family import Voice

    from .family import YourTts


#: Names that the model's weights are published under, the first that is there counts.
WEIGHTS = ("model.safetensors", "model_file.pth", "model_file.pth.tar", "best_model.pth")


def load(entry: Entry, device: str) -> YourTts:
    """The family from a directory. Raises `ModelUnavailable` saying what is missing."""
    from .family import YourTts

    return YourTts(entry, _folder(entry), device)


def voices(entry: Entry) -> list[Voice]:
    """The checkpoint's own speakers. Raises `ModelUnavailable` where there is no checkpoint."""
    from .speakers import voices_of

    return voices_of(entry, _folder(entry))


def _folder(entry: Entry) -> Path:
    from pipelines.catalog.weights import checkpoint

    return checkpoint(entry, "config.json", "language_ids.json", "|".join(WEIGHTS))
