"""What the tokens of a CTC model stand for: letters, the space between words, the blank, and marks that are no text.

Knows the files of a checkpoint's tokenizer (vocab.json, added_tokens.json, tokenizer_config.json); nothing of sound.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipelines.catalog import weights
from pipelines.catalog.entry import Entry
from pipelines.errors import ModelUnavailable

#: `<s>`, `[UNK]`: marks that no checkpoint means as text.
_MARK = re.compile(r"^(<[^<>]+>|\[[^\[\]]+\])$")
_SPECIAL = ("pad_token", "unk_token", "bos_token", "eos_token")


@dataclass(frozen=True, slots=True)
class Alphabet:
    """The tokens of a model, by number."""

    #: As the checkpoint spells them; None = a mark that is no text, or a number without a token.
    tokens: Sequence[str | None]
    blank: int
    #: The token between words; None for scripts that are written without spaces.
    delimiter: int | None

    @property
    def is_spaced(self) -> bool:
        """Whether the script parts its words."""
        return self.delimiter is not None

    @property
    def has_lower_case(self) -> bool:
        """Whether a capital means anything: LibriSpeech's models write nothing but capitals."""
        return any(token != token.upper() for token in self.tokens if token)

    def written(self, token: int) -> str:
        """The token as text; a model that has nothing but capitals is written in lower case."""
        text = self.tokens[token] or ""
        return text if self.has_lower_case else text.lower()

    def spelled(self, word: str) -> list[int] | None:
        """The tokens of a word, the longest token first; None where the alphabet lacks one of its letters."""
        numbers, longest = _spellings(tuple(self.tokens), self.delimiter)
        spelling, at = [], 0
        while at < len(word):
            for length in range(min(longest, len(word) - at), 0, -1):
                found = numbers.get(word[at : at + length])
                if found is not None:
                    spelling.append(found)
                    at += length
                    break
            else:
                return None
        return spelling


@lru_cache(maxsize=8)
def _spellings(tokens: Sequence[str | None], delimiter: int | None) -> tuple[Mapping[str, int], int]:
    """Numbers of the tokens that can be in a word, in both cases where the alphabet has one; length of the longest."""
    numbers = {token: number for number, token in enumerate(tokens) if token and number != delimiter}
    for token, number in list(numbers.items()):
        numbers.setdefault(token.lower(), number)
        numbers.setdefault(token.upper(), number)
    return numbers, max(map(len, numbers), default=0)


def read_alphabet(entry: Entry, folder: Path, config: Mapping[str, Any]) -> Alphabet:
    """The alphabet of a checkpoint folder. `config`: its config.json, which names the blank and counts the tokens.

    Raises `ModelUnavailable` for a vocabulary that does not fit the model.
    """
    numbers = weights.config(entry, folder / "vocab.json")
    if any(isinstance(number, dict) for number in numbers.values()):
        raise ModelUnavailable(
            f"{entry.name}: vocab.json holds the alphabets of several languages ({', '.join(list(numbers)[:5])} …); "
            "save the model with one language's adapter and vocabulary."
        )
    settings = _optional(entry, folder / "tokenizer_config.json")
    numbers = {**numbers, **_optional(entry, folder / "added_tokens.json")}
    size = int(config.get("vocab_size", len(numbers)))
    if not numbers or not all(isinstance(number, int) and number >= 0 for number in numbers.values()):
        raise ModelUnavailable(f"{entry.name}: vocab.json is not a mapping of tokens to their numbers.")
    blank = int(config.get("pad_token_id") or 0)
    special = {_text(settings.get(name)) for name in _SPECIAL} | {"<pad>", "<unk>", "<s>", "</s>"}
    tokens: list[str | None] = [None] * size
    for token, number in numbers.items():
        # Checkpoints that were given further marks after training have numbers that the model never answers.
        if number < size and token not in special and not _MARK.match(token) and number != blank:
            tokens[number] = token
    if not any(tokens) or blank >= size:
        raise ModelUnavailable(f"{entry.name}: vocab.json has no letters among the {size} tokens of the model.")
    between = _text(settings.get("word_delimiter_token")) or "|"
    delimiter = next((number for number, token in enumerate(tokens) if token in (between, " ")), None)
    return Alphabet(tuple(tokens), blank, delimiter)


def _optional(entry: Entry, path: Path) -> dict[str, Any]:
    return weights.config(entry, path) if path.is_file() else {}


def _text(token: Any) -> str | None:
    """A token of tokenizer_config.json: a string, or an object with its text as `content`."""
    return token.get("content") if isinstance(token, dict) else token
