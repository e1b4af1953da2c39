"""Bark through transformers: many languages, laughter and sighs, the voice of a preset. Slow: best on a GPU.

`load` and `voices` are what the catalogue names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.catalog.weights import checkpoint

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.catalog.entry import Entry
    from pipelines.family import Voice

    from .family import Bark


def load(entry: Entry, device: str) -> Bark:
    """The model on `device` ("cpu", "cuda", "cuda:1"). Raises `ModelUnavailable` saying what is missing."""
    from .family import Bark

    return Bark(entry, _folder(entry), device)


def voices(entry: Entry) -> list[Voice]:
    """The presets beside the checkpoint. Raises `ModelUnavailable` where it is not here."""
    from .voice_presets import Presets

    return Presets(entry, _folder(entry)).voices()


def _folder(entry: Entry) -> Path:
    return checkpoint(
        entry,
        "config.json",
        "generation_config.json",
        "tokenizer.json|vocab.txt",
        "model.safetensors|pytorch_model.bin",
    )
