"""VITS through transformers: Meta's MMS in a thousand languages, LJ Speech and VCTK in English.

`load` and `voices` are what the catalogue names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.catalog.weights import checkpoint

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.catalog.entry import Entry
    from pipelines.family import Voice

    from .family import Vits


def load(entry: Entry, device: str) -> Vits:
    """The model on `device` ("cpu", "cuda", "cuda:1"). Raises `ModelUnavailable` saying what is missing."""
    from .family import Vits

    return Vits(entry, _folder(entry), device)


def voices(entry: Entry) -> list[Voice]:
    """Raises `ModelUnavailable` where the checkpoint is not here."""
    from .voice_list import voices_of

    return voices_of(entry, _folder(entry))


def _folder(entry: Entry) -> Path:
    return checkpoint(
        entry, "config.json", "vocab.json", "tokenizer_config.json", "model.safetensors|pytorch_model.bin"
    )
