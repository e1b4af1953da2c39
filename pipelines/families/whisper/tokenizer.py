"""Text ↔ tokens: Whisper's vocabulary with its special tokens, read from a published tokenizer.json.

Knows how tokens make words; nothing of prompts or times but the number of the first timestamp.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import tokenizers

from pipelines.catalog.entry import Entry
from pipelines.catalog.weights import config
from pipelines.errors import ModelUnavailable

#: Seconds between two timestamp tokens.
TIMESTAMP_S = 0.02
TIMESTAMPS = 1_501
#: Written without spaces between words: there a word is whatever is a whole character.
_UNSPACED = frozenset({"zh", "ja", "th", "lo", "my", "yue", "km", "bo"})
_PUNCTUATION = frozenset("\"'“”‘’¿¡([{-–—.。,，!！?？:：;；…)]}、»«")
#: A character takes four bytes at most, and a token at least one of them.
_BYTES = 4
#: The vocabulary that knows English alone has one token less before the special ones.
_ENGLISH_END = 50_256


class Tokenizer:
    """One vocabulary. Numbers of special tokens are its attributes."""

    def __init__(self, entry: Entry, path: Path) -> None:
        """Raises `ModelUnavailable` when the file is no tokenizer, or not that of a Whisper."""
        # Read as JSON first: the library's own complaint has no class that one could name.
        if config(entry, path).get("model", {}).get("type") != "BPE":
            raise ModelUnavailable(f"{entry.name}: {path} is not the tokenizer of a Whisper: it holds no BPE model.")
        self._tokens = tokenizers.Tokenizer.from_file(str(path))
        self._entry, self._path = entry, path
        self.end = self._special("<|endoftext|>")
        self.start = self._special("<|startoftranscript|>")
        self.translate = self._special("<|translate|>")
        self.transcribe = self._special("<|transcribe|>")
        self.before = self._special("<|startofprev|>")
        self.no_speech = self._special("<|nospeech|>", "<|nocaptions|>")
        self.no_timestamps = self._special("<|notimestamps|>")
        self.first_timestamp = self.no_timestamps + 1
        self.is_multilingual = self.end != _ENGLISH_END
        #: Whisper's name of a language → its token.
        self.languages = {
            (self._tokens.id_to_token(number) or "")[2:-2]: number for number in range(self.start + 1, self.translate)
        }

    def encode(self, text: str) -> list[int]:
        """Tokens of plain text; nothing in it is taken for a special token."""
        return [number for number in self._tokens.encode(text, add_special_tokens=False).ids if number < self.end]

    def decode(self, tokens: Sequence[int]) -> str:
        """Text of tokens; special ones and timestamps are left out."""
        return self._tokens.decode([number for number in tokens if number < self.end])

    def vocabulary(self, size: int) -> list[str]:
        """All tokens in order, timestamps that the file does not name among them; `size` is the model's."""
        by_number = {number: token for token, number in self._tokens.get_vocab(with_added_tokens=True).items()}
        return [
            by_number.get(number, f"<|{(number - self.first_timestamp) * TIMESTAMP_S:.2f}|>") for number in range(size)
        ]

    def words(self, tokens: Sequence[int], language: str | None) -> list[tuple[str, list[int]]]:
        """Words with their leading space, and the tokens of each; punctuation stands with the word before it."""
        words: list[tuple[str, list[int]]] = []
        for text, numbers in self._characters(tokens):
            begins = language in _UNSPACED or text.startswith(" ") or not words
            if begins and not (words and text.strip() and set(text.strip()) <= _PUNCTUATION and text[0] != " "):
                words.append((text, numbers))
            else:
                words[-1] = (words[-1][0] + text, words[-1][1] + numbers)
        return words

    def _characters(self, tokens: Sequence[int]) -> list[tuple[str, list[int]]]:
        """The shortest runs of tokens that are whole characters: one of many bytes may be cut by tokens."""
        runs: list[tuple[str, list[int]]] = []
        open_run: list[int] = []
        for number in tokens:
            open_run.append(number)
            text = self._tokens.decode(open_run)
            if "\ufffd" not in text or len(open_run) >= _BYTES:
                runs.append((text, open_run))
                open_run = []
        if open_run:
            runs.append((self._tokens.decode(open_run), open_run))
        return runs

    def _special(self, *names: str) -> int:
        for name in names:
            number = self._tokens.token_to_id(name)
            if number is not None:
                return int(number)
        raise ModelUnavailable(
            f"{self._entry.name}: {self._path} is not the tokenizer of a Whisper: it has no {' or '.join(names)}."
        )
