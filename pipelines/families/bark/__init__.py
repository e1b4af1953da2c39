"""Bark through transformers: many languages, laughter and sighs, voices from presets. Slow: best on a GPU.

The catalogue refers to `load` and `voices`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.catalog.checkpoint import find_checkpoint

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.catalog.entry import SynthesisEntry
    from pipelines.family import Voice

    from .family import Bark


def load(entry: SynthesisEntry, device: str) -> Bark:
    """The model on `device` ("cpu", "cuda", "cuda:1"). Raises `ModelUnavailable` saying what is missing."""
    from .family import Bark

    return Bark(entry, _folder(entry), device)


def voices(entry: SynthesisEntry) -> list[Voice]:
    """The presets beside the checkpoint. Raises `ModelUnavailable` where it is missing."""
    from .voice_presets import VoicePresets

    return VoicePresets(entry, _folder(entry)).voices()


def _folder(entry: SynthesisEntry) -> Path:
    return find_checkpoint(
        entry,
        "config.json",
        "generation_config.json",
        "tokenizer.json|vocab.txt",
        "model.safetensors|pytorch_model.bin",
    )
