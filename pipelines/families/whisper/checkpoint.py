"""What lies in a Whisper's folder: the published forms, and the settings that come with the weights.

Two forms are known: that of Hugging Face (config.json, weights, tokenizer.json, mostly generation_config.json) and that
of CTranslate2 (config.json, model.bin, tokenizer.json). Opens no weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.catalog.entry import Entry
from pipelines.catalog.weights import checkpoint, config
from pipelines.errors import ModelUnavailable

from .prompt import POSITIONS

_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_CONVERTED = "model.bin"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder in one of the two forms."""

    folder: Path
    #: The weights file of the form of Hugging Face; None in that of CTranslate2.
    published: Path | None
    #: config.json as it stands there.
    config: dict[str, Any]
    #: Never written, and never written first.
    suppressed: Sequence[int]
    suppressed_first: Sequence[int]
    #: Decoder layer and head whose attention follows the words; None = the upper half of the layers.
    alignment_heads: Sequence[tuple[int, int]] | None
    #: Most tokens of prompt and text together.
    longest: int

    @property
    def weights(self) -> Path:
        """The file with the weights, in either form."""
        return self.published or self.folder / _CONVERTED

    def heads(self) -> list[tuple[int, int]]:
        """The alignment heads, guessed where the checkpoint names none."""
        if self.alignment_heads is not None:
            return [(layer, head) for layer, head in self.alignment_heads]
        layers, heads = self.config["decoder_layers"], self.config["decoder_attention_heads"]
        return [(layer, head) for layer in range(layers // 2, layers) for head in range(heads)]


def opened(entry: Entry) -> Checkpoint:
    """The entry's checkpoint, fetched where need be. Raises `ModelUnavailable` naming what is missing or misfits."""
    folder = checkpoint(entry, "|".join((_CONVERTED, *_WEIGHTS)), "config.json", "tokenizer.json")
    told = config(entry, folder / "config.json")
    published = next((folder / name for name in _WEIGHTS if (folder / name).is_file()), None)
    if published is not None:
        _check(entry, folder, told)
    wishes = folder / "generation_config.json"
    wish = {**told, **config(entry, wishes)} if wishes.is_file() else told
    return Checkpoint(
        folder,
        published,
        told,
        tuple(wish.get("suppress_tokens") or wish.get("suppress_ids") or ()),
        tuple(wish.get("begin_suppress_tokens") or wish.get("suppress_ids_begin") or ()),
        wish.get("alignment_heads"),
        min(POSITIONS, wish.get("max_length") or POSITIONS),
    )


#: What the sizes of the network are read from.
_SIZES = (
    "d_model",
    "encoder_layers",
    "decoder_layers",
    "encoder_attention_heads",
    "decoder_attention_heads",
    "num_mel_bins",
    "vocab_size",
)


def _check(entry: Entry, folder: Path, told: dict[str, Any]) -> None:
    if told.get("model_type") != "whisper":
        raise ModelUnavailable(
            f"{entry.name}: {folder} holds a checkpoint of the type {told.get('model_type')!r}, not 'whisper'."
        )
    missing = [name for name in _SIZES if not isinstance(told.get(name), int)]
    if missing:
        raise ModelUnavailable(f"{entry.name}: {folder / 'config.json'} lacks {', '.join(missing)}.")
