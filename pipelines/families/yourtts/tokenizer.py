"""Text to the ids of a YourTTS checkpoint's characters, as Coqui's tokenizer does it, with blanks between them.

The set has each punctuation mark twice, and the second one counts: the order in the config decides the ids. Numbers and
abbreviations have been written out before. A character without an id is left out with a warning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.catalog.entry import SynthesisEntry
from pipelines.errors import ModelUnavailable
from pipelines.text.pronunciation.symbol_set import SymbolSet, TokenizedText
from pipelines.text.word_marks import WordSpan
from pipelines.text.words import strip_punctuation, word_ranges

_CLASS = "VitsCharacters"
#: How the training's cleaner replaced punctuation; it left all other characters unchanged.
_CLEANED: Mapping[str, str] = {";": ",", ":": ",", "-": " ", **dict.fromkeys('<>()[]"“”„«»', "")}


class Tokenizer:
    """The tokenizer of one checkpoint."""

    def __init__(self, entry: SynthesisEntry, config: Mapping[str, Any], count: int) -> None:
        """`config` is the checkpoint's, `count` the number of its ids.

        Raises `ModelUnavailable` where they disagree, and for a set of another kind.
        """
        listed = config.get("characters") or {}
        if config.get("use_phonemes") or not str(listed.get("characters_class") or _CLASS).endswith(_CLASS):
            raise ModelUnavailable(f"{entry.name}: only checkpoints that read characters ({_CLASS}) are supported.")
        symbols = [listed.get("pad") or "_", *(listed.get("punctuations") or ""), *(listed.get("characters") or "")]
        self._blank = len(symbols)
        if self._blank + 1 != count:
            raise ModelUnavailable(
                f"{entry.name}: the config lists {self._blank + 1} characters, the weights have {count}."
            )
        ids = {symbol: number for number, symbol in enumerate(symbols) if number}
        if " " not in ids:
            raise ModelUnavailable(f"{entry.name}: the config lists no space among its characters.")
        self._space = ids[" "]
        self._symbols = SymbolSet(ids, name=entry.name)
        self._blanks = bool(config.get("add_blank", True))

    def encode(self, text: str) -> TokenizedText:
        """The text without the characters that the checkpoint lacks; the warnings name those."""
        warnings = self._symbols.warnings(text)
        symbols = list(self._merge_spaces(self._symbols.remove_unknown(text)))
        if not any(word for _, word in symbols):
            return TokenizedText(warnings=warnings)
        ids, words = [symbol for symbol, _ in symbols], [word for _, word in symbols]
        if not self._blanks:
            return TokenizedText(tuple(ids), tuple(words), warnings)
        spaced_ids, spaced_words = [self._blank] * (2 * len(ids) + 1), list[WordSpan]([None] * (2 * len(ids) + 1))
        spaced_ids[1::2], spaced_words[1::2] = ids, words
        return TokenizedText(tuple(spaced_ids), tuple(spaced_words), warnings)

    def _merge_spaces(self, text: str) -> Iterator[tuple[int, WordSpan]]:
        """The symbols with one space between words and none at the ends."""
        pending = started = False
        for symbol, word in self._encode_characters(text):
            if symbol == self._space:
                pending = started
                continue
            if pending:
                yield self._space, None
            pending, started = False, True
            yield symbol, word

    def _encode_characters(self, text: str) -> Iterator[tuple[int, WordSpan]]:
        for start, end in word_ranges(text):
            yield self._space, None
            span = strip_punctuation(text, start, end)
            is_spoken = any(char.isalnum() for char in text[start:end])
            for at in range(start, end):
                word = span if is_spoken and span[0] <= at < span[1] else None
                for char in _CLEANED.get(text[at], text[at].lower()):
                    yield from ((number, word) for number in self._symbols.ids(char))
