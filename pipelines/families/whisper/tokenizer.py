"""Whisper's tokenizer: text to tokens and back, with special tokens, from a published tokenizer.json.

Knows how tokens form words; nothing of prompts, and of times only the first timestamp token.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import tokenizers

from pipelines.catalog.checkpoint import read_config
from pipelines.catalog.entry import RecognitionEntry
from pipelines.errors import ModelUnavailable

#: Seconds between two timestamp tokens.
TIMESTAMP_S = 0.02
#: Languages written without spaces between words; there each character is a word.
_UNSPACED = frozenset({"zh", "ja", "th", "lo", "my", "yue", "km", "bo"})
_PUNCTUATION = frozenset("\"'“”‘’¿¡([{-–—.。,，!！?？:：;；…)]}、»«")
#: Most tokens of a character: it has at most four bytes, and a token at least one of them.
_MAX_CHARACTER_TOKENS = 4
#: The end token of the English-only vocabulary, which has one token less before the special ones.
_ENGLISH_END = 50_256


class Tokenizer:
    """One vocabulary. Special tokens are attributes."""

    def __init__(self, entry: RecognitionEntry, path: Path) -> None:
        """Raises `ModelUnavailable` when the file is no tokenizer, or not that of a Whisper."""
        # Checked as JSON first: the library raises a plain Exception for other files.
        if read_config(entry, path).get("model", {}).get("type") != "BPE":
            raise ModelUnavailable(f"{entry.name}: {path} is not the tokenizer of a Whisper: it holds no BPE model.")
        self._tokens = tokenizers.Tokenizer.from_file(str(path))
        self._entry, self._path = entry, path
        self.end = self._find_special("<|endoftext|>")
        self.start = self._find_special("<|startoftranscript|>")
        self.translate = self._find_special("<|translate|>")
        self.transcribe = self._find_special("<|transcribe|>")
        self.start_of_previous = self._find_special("<|startofprev|>")
        self.no_speech = self._find_special("<|nospeech|>", "<|nocaptions|>")
        self.no_timestamps = self._find_special("<|notimestamps|>")
        self.first_timestamp = self.no_timestamps + 1
        self.is_multilingual = self.end != _ENGLISH_END
        #: Whisper's names of languages, and their tokens.
        self.languages = {
            (self._tokens.id_to_token(number) or "")[2:-2]: number for number in range(self.start + 1, self.translate)
        }

    def encode(self, text: str) -> list[int]:
        """Tokens of plain text; text that looks like a special token is encoded as text."""
        return [number for number in self._tokens.encode(text, add_special_tokens=False).ids if number < self.end]

    def decode(self, tokens: Sequence[int]) -> str:
        """Text of tokens, without special tokens and timestamps."""
        return self._tokens.decode([number for number in tokens if number < self.end])

    def vocabulary(self, size: int) -> list[str]:
        """All tokens in order, including timestamps that the file does not list; `size` is the model's."""
        by_number = {number: token for token, number in self._tokens.get_vocab(with_added_tokens=True).items()}
        return [
            by_number.get(number, f"<|{(number - self.first_timestamp) * TIMESTAMP_S:.2f}|>") for number in range(size)
        ]

    def words(self, tokens: Sequence[int], language: str | None) -> list[tuple[str, list[int]]]:
        """Words with their leading space, and the tokens of each; punctuation belongs to the word before it."""
        words: list[tuple[str, list[int]]] = []
        for text, numbers in self._group_characters(tokens):
            begins = language in _UNSPACED or text.startswith(" ") or not words
            if begins and not (words and text.strip() and set(text.strip()) <= _PUNCTUATION and text[0] != " "):
                words.append((text, numbers))
            else:
                words[-1] = (words[-1][0] + text, words[-1][1] + numbers)
        return words

    def _group_characters(self, tokens: Sequence[int]) -> list[tuple[str, list[int]]]:
        """The shortest groups of tokens that are whole characters: one of several bytes may span several tokens."""
        runs: list[tuple[str, list[int]]] = []
        open_run: list[int] = []
        for number in tokens:
            open_run.append(number)
            text = self._tokens.decode(open_run)
            if "\ufffd" not in text or len(open_run) >= _MAX_CHARACTER_TOKENS:
                runs.append((text, open_run))
                open_run = []
        if open_run:
            runs.append((self._tokens.decode(open_run), open_run))
        return runs

    def _find_special(self, *names: str) -> int:
        for name in names:
            number = self._tokens.token_to_id(name)
            if number is not None:
                return int(number)
        raise ModelUnavailable(
            f"{self._entry.name}: {self._path} is not the tokenizer of a Whisper: it has no {' or '.join(names)}."
        )
