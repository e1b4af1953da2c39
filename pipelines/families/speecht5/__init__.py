"""SpeechT5 through transformers: English, with the voice of any x-vector or recording.

`load` and `voices` are what the catalogue names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.catalog.weights import checkpoint

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.catalog.entry import Entry
    from pipelines.family import Voice

    from .family import SpeechT5


def load(entry: Entry, device: str) -> SpeechT5:
    """The model and its vocoder on `device`. Raises `ModelUnavailable` saying what is missing."""
    from .family import SpeechT5

    return SpeechT5(entry, _folder(entry), device)


def voices(entry: Entry) -> list[Voice]:
    """The x-vectors beside the checkpoint. Raises `ModelUnavailable` where it is not here."""
    from .voice_bank import VoiceBank

    return VoiceBank.read(entry, _folder(entry)).voices(entry)


def _folder(entry: Entry) -> Path:
    return checkpoint(entry, "config.json", "spm_char.model", "model.safetensors|pytorch_model.bin")
