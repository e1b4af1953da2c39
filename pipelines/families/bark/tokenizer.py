"""Text to the ids of Bark: WordPiece, with tags for sounds that are not words, in parts that the model can process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from transformers import AutoTokenizer

from pipelines.catalog.entry import SynthesisEntry
from pipelines.errors import ModelUnavailable, UnsupportedOption
from pipelines.text.pronunciation.symbol_set import describe_missing_symbol, strip_marks
from pipelines.text.splitting.clauses import split_clauses

#: Bark generates about thirteen seconds at a time; this many characters fit.
_MAX_CHARACTERS = 180
#: WordPiece does not tokenize words of more characters (BERT's `max_input_chars_per_word`).
_MAX_WORD_CHARACTERS = 100


class Tokenizer:
    """The checkpoint's own tokenizer."""

    def __init__(self, entry: SynthesisEntry, folder: Path) -> None:
        self._name = entry.name
        self._tags = entry.emotions
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        except (OSError, ValueError, KeyError, ImportError) as error:
            raise ModelUnavailable(f"{entry.name}: {folder} holds no tokenizer: {error}") from error

    def encode_parts(self, text: str, emotion: str | None, max_ids: int) -> Iterator[list[int]]:
        """Ids of each part, at most `max_ids`. Raises `UnsupportedOption` for an emotion without a tag."""
        substitutes = self._find_substitutes(text)
        text = "".join(substitutes.get(char, char) for char in text)
        if not any(char.isalnum() for char in text):
            return
        yield from self._split(text, self._tag_of(emotion), max_ids, _MAX_CHARACTERS)

    def warnings(self, text: str) -> tuple[str, ...]:
        """A sentence for the user about each character that is left out."""
        substitutes = self._find_substitutes(text)
        return tuple(describe_missing_symbol(char, self._name) for char in substitutes if not substitutes[char].strip())

    def _split(self, text: str, tag: str, max_ids: int, limit: int) -> Iterator[list[int]]:
        for part in split_clauses(text, limit):
            if max(map(len, part.split())) > _MAX_WORD_CHARACTERS:
                yield from self._split(part, tag, max_ids, _MAX_WORD_CHARACTERS)
                continue
            ids = self._ids(f"{tag}{part}")
            if len(ids) > max_ids and len(part) > 1:
                yield from self._split(part, tag, max_ids, len(part) // 2)
            else:
                yield ids

    def _tag_of(self, emotion: str | None) -> str:
        if emotion is None:
            return ""
        if emotion.lower() not in self._tags:
            raise UnsupportedOption(
                f"{self._name} has no tag for the emotion {emotion!r}; it has: {', '.join(self._tags)}. "
                "Tags such as [laughs] may also be part of the text.",
                field="emotion",
            )
        return self._tags[emotion.lower()] + " "

    def _find_substitutes(self, text: str) -> Mapping[str, str]:
        """Characters that WordPiece has no piece for, and their substitutes: plain letters, else nothing or a space.

        Without a substitute the whole word of the character would become the unknown token.
        """
        words = (word for word in dict.fromkeys(text.split()) if self._is_unknown(word))
        characters = dict.fromkeys("".join(words))
        # The pieces for a character at the start of a word and within a word are different ones.
        unknown = (char for char in characters if self._is_unknown(char) or self._is_unknown(f"a{char}"))
        return {char: self._substitute(char) for char in unknown}

    def _substitute(self, char: str) -> str:
        letters = strip_marks(char)
        if letters and not self._is_unknown(letters):
            return letters
        return "" if char.isalpha() else " "

    def _is_unknown(self, text: str) -> bool:
        parts = (text[at : at + _MAX_WORD_CHARACTERS] for at in range(0, len(text), _MAX_WORD_CHARACTERS))
        return any(self._tokenizer.unk_token_id in self._ids(part) for part in parts)

    def _ids(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])
