"""VITS through transformers: Meta's MMS in a thousand languages, LJ Speech and VCTK in English.

The catalogue refers to `load` and `voices`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.catalog.checkpoint import find_checkpoint

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.catalog.entry import SynthesisEntry
    from pipelines.family import Voice

    from .family import Vits


def load(entry: SynthesisEntry, device: str) -> Vits:
    """The model on `device` ("cpu", "cuda", "cuda:1"). Raises `ModelUnavailable` saying what is missing."""
    from .family import Vits

    return Vits(entry, _folder(entry), device)


def voices(entry: SynthesisEntry) -> list[Voice]:
    """The voices of the checkpoint. Raises `ModelUnavailable` where it is missing."""
    from .voice_list import list_voices

    return list_voices(entry, _folder(entry))


def _folder(entry: SynthesisEntry) -> Path:
    return find_checkpoint(
        entry, "config.json", "vocab.json", "tokenizer_config.json", "model.safetensors|pytorch_model.bin"
    )
