"""A Whisper checkpoint: which of the two published formats it has, and its settings. Reads no weights.

The formats are that of Hugging Face (config.json, weights, tokenizer.json, usually generation_config.json) and that of
CTranslate2 (config.json, model.bin, tokenizer.json).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.catalog.checkpoint import find_checkpoint, read_config
from pipelines.catalog.entry import RecognitionEntry
from pipelines.errors import ModelUnavailable

from .prompt import POSITIONS

_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_CONVERTED = "model.bin"


@dataclass(frozen=True, slots=True)
class WhisperCheckpoint:
    """A checkpoint in one of the two formats."""

    folder: Path
    #: The weights file in the format of Hugging Face; None in that of CTranslate2.
    published: Path | None
    #: The content of config.json.
    config: dict[str, Any]
    #: Tokens that are never generated, and those that are never generated first.
    suppressed: Sequence[int]
    suppressed_first: Sequence[int]
    #: Decoder layers and heads whose attention gives the times of words; None = all of the upper half of the layers.
    alignment_heads: Sequence[tuple[int, int]] | None
    #: Most tokens of prompt and text together.
    max_tokens: int

    @property
    def weights(self) -> Path:
        """The weights file, in either format."""
        return self.published or self.folder / _CONVERTED

    def resolve_alignment_heads(self) -> list[tuple[int, int]]:
        """The alignment heads, or a default where the checkpoint names none."""
        if self.alignment_heads is not None:
            return [(layer, head) for layer, head in self.alignment_heads]
        layers, heads = self.config["decoder_layers"], self.config["decoder_attention_heads"]
        return [(layer, head) for layer in range(layers // 2, layers) for head in range(heads)]


def read_checkpoint(entry: RecognitionEntry) -> WhisperCheckpoint:
    """The entry's checkpoint, downloaded if needed. Raises `ModelUnavailable` naming what is missing or unfit."""
    folder = find_checkpoint(entry, "|".join((_CONVERTED, *_WEIGHTS)), "config.json", "tokenizer.json")
    settings = read_config(entry, folder / "config.json")
    published = next((folder / name for name in _WEIGHTS if (folder / name).is_file()), None)
    if published is not None:
        _check_config(entry, folder, settings)
    generation = folder / "generation_config.json"
    combined = {**settings, **read_config(entry, generation)} if generation.is_file() else settings
    return WhisperCheckpoint(
        folder,
        published,
        settings,
        tuple(combined.get("suppress_tokens") or combined.get("suppress_ids") or ()),
        tuple(combined.get("begin_suppress_tokens") or combined.get("suppress_ids_begin") or ()),
        combined.get("alignment_heads"),
        min(POSITIONS, combined.get("max_length") or POSITIONS),
    )


#: The fields of config.json that the sizes of the network are read from.
_SIZES = (
    "d_model",
    "encoder_layers",
    "decoder_layers",
    "encoder_attention_heads",
    "decoder_attention_heads",
    "num_mel_bins",
    "vocab_size",
)


def _check_config(entry: RecognitionEntry, folder: Path, settings: dict[str, Any]) -> None:
    if settings.get("model_type") != "whisper":
        raise ModelUnavailable(
            f"{entry.name}: {folder} holds a checkpoint of the type {settings.get('model_type')!r}, not 'whisper'."
        )
    missing = [name for name in _SIZES if not isinstance(settings.get(name), int)]
    if missing:
        raise ModelUnavailable(f"{entry.name}: {folder / 'config.json'} lacks {', '.join(missing)}.")
