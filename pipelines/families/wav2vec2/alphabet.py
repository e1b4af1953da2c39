"""The tokens of a CTC model: letters, the word delimiter, the blank, and special tokens.

Knows the files of a checkpoint's tokenizer (vocab.json, added_tokens.json, tokenizer_config.json); nothing of audio.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipelines.catalog.checkpoint import read_config
from pipelines.catalog.entry import RecognitionEntry
from pipelines.errors import ModelUnavailable

#: `<s>`, `[UNK]`: special tokens, which are never text.
_SPECIAL_TOKEN = re.compile(r"^(<[^<>]+>|\[[^\[\]]+\])$")
_SPECIAL_SETTINGS = ("pad_token", "unk_token", "bos_token", "eos_token")


@dataclass(frozen=True, slots=True)
class Alphabet:
    """The tokens of a model, by number."""

    #: As in the checkpoint; None = a special token, or a number without a token.
    tokens: Sequence[str | None]
    blank: int
    #: The token between words; None for scripts that are written without spaces.
    delimiter: int | None

    @property
    def is_spaced(self) -> bool:
        """Whether words are separated by a delimiter."""
        return self.delimiter is not None

    @property
    def has_lower_case(self) -> bool:
        """Whether the model distinguishes case: LibriSpeech's models write only capitals."""
        return any(token != token.upper() for token in self.tokens if token)

    def decode(self, token: int) -> str:
        """The token as text; in lower case for a model that has only capitals."""
        text = self.tokens[token] or ""
        return text if self.has_lower_case else text.lower()

    def encode(self, word: str) -> list[int] | None:
        """The tokens of a word, preferring longer tokens; None where the alphabet lacks one of its letters."""
        numbers, longest = _build_index(tuple(self.tokens), self.delimiter)
        encoded, at = [], 0
        while at < len(word):
            for length in range(min(longest, len(word) - at), 0, -1):
                found = numbers.get(word[at : at + length])
                if found is not None:
                    encoded.append(found)
                    at += length
                    break
            else:
                return None
        return encoded


@lru_cache(maxsize=8)
def _build_index(tokens: Sequence[str | None], delimiter: int | None) -> tuple[Mapping[str, int], int]:
    """Numbers of the tokens that occur in words, in both cases where the alphabet has one; length of the longest."""
    numbers = {token: number for number, token in enumerate(tokens) if token and number != delimiter}
    for token, number in list(numbers.items()):
        numbers.setdefault(token.lower(), number)
        numbers.setdefault(token.upper(), number)
    return numbers, max(map(len, numbers), default=0)


def read_alphabet(entry: RecognitionEntry, folder: Path, config: Mapping[str, Any]) -> Alphabet:
    """The alphabet of a checkpoint folder. `config`: its config.json, with the blank and the number of tokens.

    Raises `ModelUnavailable` for a vocabulary that does not fit the model.
    """
    numbers = read_config(entry, folder / "vocab.json")
    if any(isinstance(number, dict) for number in numbers.values()):
        raise ModelUnavailable(
            f"{entry.name}: vocab.json holds the alphabets of several languages ({', '.join(list(numbers)[:5])} …); "
            "save the model with one language's adapter and vocabulary."
        )
    settings = _read_optional(entry, folder / "tokenizer_config.json")
    numbers = {**numbers, **_read_optional(entry, folder / "added_tokens.json")}
    size = int(config.get("vocab_size", len(numbers)))
    if not numbers or not all(isinstance(number, int) and number >= 0 for number in numbers.values()):
        raise ModelUnavailable(f"{entry.name}: vocab.json is not a mapping of tokens to their numbers.")
    blank = int(config.get("pad_token_id") or 0)
    special = {_token_text(settings.get(name)) for name in _SPECIAL_SETTINGS} | {"<pad>", "<unk>", "<s>", "</s>"}
    tokens: list[str | None] = [None] * size
    for token, number in numbers.items():
        # Checkpoints with tokens added after training have numbers that the model never outputs.
        if number < size and token not in special and not _SPECIAL_TOKEN.match(token) and number != blank:
            tokens[number] = token
    if not any(tokens) or blank >= size:
        raise ModelUnavailable(f"{entry.name}: vocab.json has no letters among the {size} tokens of the model.")
    between = _token_text(settings.get("word_delimiter_token")) or "|"
    delimiter = next((number for number, token in enumerate(tokens) if token in (between, " ")), None)
    return Alphabet(tuple(tokens), blank, delimiter)


def _read_optional(entry: RecognitionEntry, path: Path) -> dict[str, Any]:
    return read_config(entry, path) if path.is_file() else {}


def _token_text(token: object) -> str | None:
    """A token of tokenizer_config.json: a string, or an object with its text as `content`."""
    found = token.get("content") if isinstance(token, dict) else token
    return found if isinstance(found, str) else None
