"""SpeechT5 through transformers: English, in the voice of any x-vector or recording.

The catalogue refers to `load` and `voices`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.catalog.checkpoint import find_checkpoint

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.catalog.entry import SynthesisEntry
    from pipelines.family import Voice

    from .family import SpeechT5


def load(entry: SynthesisEntry, device: str) -> SpeechT5:
    """The model and its vocoder on `device`. Raises `ModelUnavailable` saying what is missing."""
    from .family import SpeechT5

    return SpeechT5(entry, _folder(entry), device)


def voices(entry: SynthesisEntry) -> list[Voice]:
    """The voices of the x-vectors beside the checkpoint. Raises `ModelUnavailable` where it is missing."""
    from .voice_bank import VoiceBank

    return VoiceBank.read(entry, _folder(entry)).voices(entry)


def _folder(entry: SynthesisEntry) -> Path:
    return find_checkpoint(entry, "config.json", "spm_char.model", "model.safetensors|pytorch_model.bin")
