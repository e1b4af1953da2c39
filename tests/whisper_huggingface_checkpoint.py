"""A Whisper in the layout on Hugging Face: random weights of a tiny size, the real tokenizer, reference outputs.

The arrays of tests/fixtures/whisper_tiny_random come from transformers 5.23, which agrees with openai-whisper on them.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tests.audio_factories import FIXTURES
from tests.whisper_tokenizer import write_tokenizer

SOURCE = FIXTURES / "whisper_tiny_random"
_PUBLISHED = ("config.json", "generation_config.json", "preprocessor_config.json", "model.safetensors")


def write_huggingface_whisper(folder: Path) -> Path:
    """Write the checkpoint; returns its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in _PUBLISHED:
        shutil.copyfile(SOURCE / name, folder / name)
    write_tokenizer(folder / "tokenizer.json")
    return folder


def load_expected() -> Mapping[str, np.ndarray]:
    """Log-mel, encoder states and greedy tokens of `load_sound()`, by name."""
    arrays: Mapping[str, np.ndarray] = np.load(SOURCE / "expected.npz")
    return arrays


def load_sound() -> np.ndarray:
    """Eleven seconds, int16 at 16 kHz."""
    samples: np.ndarray = np.load(SOURCE / "inputs.npz")["audio_int16"]
    return samples
