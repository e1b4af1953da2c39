"""A text as Bark reads it: WordPiece, with tags for what is not words, in parts of what it can say in one go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from transformers import AutoTokenizer

from pipelines.catalog.entry import Entry
from pipelines.errors import ModelUnavailable, UnsupportedOption
from pipelines.text.pronunciation.symbol_set import plain_letters, remark_on
from pipelines.text.splitting.clauses import breaths

#: Bark says some thirteen seconds in one go; this many characters fit.
_LONGEST = 180
#: WordPiece gives up on words of more characters (BERT's `max_input_chars_per_word`).
_LONGEST_WORD = 100


class Speller:
    """The checkpoint's own tokenizer."""

    def __init__(self, entry: Entry, folder: Path) -> None:
        self._name = entry.name
        self._tags = entry.emotions
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        except (OSError, ValueError, KeyError, ImportError) as error:
            raise ModelUnavailable(f"{entry.name}: {folder} holds no tokenizer: {error}") from error

    def parts(self, text: str, emotion: str | None, most: int) -> Iterator[list[int]]:
        """Ids of each part, `most` at most. Raises `UnsupportedOption` for an emotion that it has no tag for."""
        instead = self._instead_of_unread(text)
        text = "".join(instead.get(char, char) for char in text)
        if not any(char.isalnum() for char in text):
            return
        yield from self._within(text, self._tag(emotion), most, _LONGEST)

    def remarks(self, text: str) -> tuple[str, ...]:
        """A sentence for the user about each character that is left out."""
        instead = self._instead_of_unread(text)
        return tuple(remark_on(char, self._name) for char in instead if not instead[char].strip())

    def _within(self, text: str, tag: str, most: int, limit: int) -> Iterator[list[int]]:
        for part in breaths(text, limit):
            if max(map(len, part.split())) > _LONGEST_WORD:
                yield from self._within(part, tag, most, _LONGEST_WORD)
                continue
            ids = self._ids(f"{tag}{part}")
            if len(ids) > most and len(part) > 1:
                yield from self._within(part, tag, most, len(part) // 2)
            else:
                yield ids

    def _tag(self, emotion: str | None) -> str:
        if emotion is None:
            return ""
        if emotion.lower() not in self._tags:
            raise UnsupportedOption(
                f"{self._name} cannot say it {emotion!r}; it can: {', '.join(self._tags)}. "
                "Tags such as [laughs] may also stand in the text.",
                field="emotion",
            )
        return self._tags[emotion.lower()] + " "

    def _instead_of_unread(self, text: str) -> Mapping[str, str]:
        """Characters that WordPiece has no piece for, and what is read instead: plain letters, else nothing or a space.

        Each would cost the model the whole word that it stands in.
        """
        words = (word for word in dict.fromkeys(text.split()) if self._is_unread(word))
        signs = dict.fromkeys("".join(words))
        # A piece that begins a word and one that goes on in it are two.
        unread = (char for char in signs if self._is_unread(char) or self._is_unread(f"a{char}"))
        return {char: self._instead(char) for char in unread}

    def _instead(self, char: str) -> str:
        letters = plain_letters(char)
        if letters and not self._is_unread(letters):
            return letters
        return "" if char.isalpha() else " "

    def _is_unread(self, text: str) -> bool:
        parts = (text[at : at + _LONGEST_WORD] for at in range(0, len(text), _LONGEST_WORD))
        return any(self._tokenizer.unk_token_id in self._ids(part) for part in parts)

    def _ids(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])
