"""A text as Bark reads it: WordPiece, with tags for what is not words, in parts of what it can say in one go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from transformers import AutoTokenizer

from pipelines.catalog import Entry
from pipelines.errors import BadInput, ModelUnavailable, UnsupportedOption
from pipelines.text.breaths import breaths

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
        """Ids of each part, `most` at most. Raises `UnsupportedOption` for an emotion that it has no tag for, and
        `BadInput` for a word that it cannot read."""
        if not any(char.isalnum() for char in text):
            return
        yield from self._within(text, self._tag(emotion), most, _LONGEST)

    def _within(self, text: str, tag: str, most: int, limit: int) -> Iterator[list[int]]:
        for part in breaths(text, limit):
            if max(map(len, part.split())) > _LONGEST_WORD:
                yield from self._within(part, tag, most, _LONGEST_WORD)
                continue
            ids = self._tokenizer(f"{tag}{part}", add_special_tokens=False)["input_ids"]
            if self._tokenizer.unk_token_id in ids:
                unread = next((word for word in part.split() if self._is_unread(word)), part)
                raise BadInput(f"{self._name} cannot read {unread!r}: write it another way.", field="text")
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

    def _is_unread(self, word: str) -> bool:
        return self._tokenizer.unk_token_id in self._tokenizer(word, add_special_tokens=False)["input_ids"]
