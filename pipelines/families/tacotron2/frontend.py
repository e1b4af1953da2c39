"""Text to the ids of NVIDIA's Tacotron 2: lower-case letters, some punctuation, ARPAbet in braces.

Numbers and abbreviations have been written out before. A character without a symbol is left out with a warning; a long
text is split into parts that attention can follow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pipelines.errors import BadInput
from pipelines.text.pronunciation.symbol_set import SymbolSet, TokenizedText
from pipelines.text.word_marks import WordSpan
from pipelines.text.words import strip_punctuation, word_ranges

_PAD = "_"
_MARKS = "-!'(),.:;? "
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VOWELS = "AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW".split()  # noqa: SIM905 – a table to read
_CONSONANTS = "B CH D DH F G HH JH K L M N NG P R S SH T TH V W Y Z ZH".split()  # noqa: SIM905 – a table to read
#: The published symbols; a symbol's id is its index. Phonemes have an @ before their name.
SYMBOLS: tuple[str, ...] = (
    _PAD,
    *_MARKS[:1],
    *_MARKS[1:],
    *_LETTERS,
    *(f"@{name}" for name in sorted([*_CONSONANTS, *(v + stress for v in _VOWELS for stress in ("", "0", "1", "2"))])),
)
#: Longest text that attention was trained on; longer ones are synthesised in parts.
MAX_SYMBOLS = 180
_BRACES = re.compile(r"\{([^{}]*)\}")
_PAUSES = frozenset(",.;:!?")
_ENDS = frozenset(".!?,;:-")


class Frontend:
    """Text to the symbols of one checkpoint."""

    def __init__(self, symbols: Sequence[str], *, name: str) -> None:
        """`symbols` by id; `name` is the model's, for messages."""
        self._ids = {symbol: number for number, symbol in enumerate(symbols) if symbol != _PAD}
        self._letters = SymbolSet({each: number for each, number in self._ids.items() if len(each) == 1}, name=name)
        self._name = name

    def encode_parts(self, text: str) -> list[TokenizedText]:
        """Parts of at most `MAX_SYMBOLS` symbols, split after punctuation or at a space if possible; [] for no words.

        Raises `BadInput` on `text` for a phoneme that the checkpoint has no symbol for.
        """
        symbols = list(self._merge_spaces(text))
        if not any(word for _, word in symbols):
            return []
        return [self._finish(symbols[start:end]) for start, end in self._split([symbol for symbol, _ in symbols])]

    def warnings(self, text: str) -> tuple[str, ...]:
        """A sentence for the user about each character that is left out."""
        return self._letters.warnings(_BRACES.sub(" ", text))

    def _merge_spaces(self, text: str) -> Iterator[tuple[int, WordSpan]]:
        """The symbols with one space between words and none at the ends."""
        pending = started = False
        for symbol, word in self._encode_text(text):
            if symbol == self._ids[" "]:
                pending = started
                continue
            if pending:
                yield self._ids[" "], None
            pending, started = False, True
            yield symbol, word

    def _encode_text(self, text: str) -> Iterator[tuple[int, WordSpan]]:
        done = 0
        for found in _BRACES.finditer(text):
            yield from self._encode_letters(text, done, found.start())
            for sound in found[1].split():
                if f"@{sound}" not in self._ids:
                    raise BadInput(f"{self._name} has no sound {sound!r}; sounds in braces are ARPAbet.", field="text")
                yield self._ids[f"@{sound}"], found.span()
            done = found.end()
        yield from self._encode_letters(text, done, len(text))

    def _encode_letters(self, text: str, start: int, end: int) -> Iterator[tuple[int, WordSpan]]:
        """The characters [start, end), which contain no braces."""
        text = self._letters.remove_unknown(text)
        done = start
        for first, last in word_ranges(text, start, end):
            if first > done:
                yield self._ids[" "], None
            span = strip_punctuation(text, first, last)
            is_spoken = any(char.isalnum() for char in text[first:last])
            for at in range(first, last):
                word = span if is_spoken and span[0] <= at < span[1] else None
                yield from ((number, word) for number in self._letters.ids(text[at].lower()))
            done = last
        if done < end:
            yield self._ids[" "], None

    def _split(self, symbols: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Start and end of each part."""
        pauses = {self._ids[mark] for mark in _PAUSES if mark in self._ids}
        start = 0
        while len(symbols) - start > MAX_SYMBOLS:
            window = range(start + MAX_SYMBOLS, start + MAX_SYMBOLS // 2, -1)
            after_pause = (end for end in window if symbols[end - 1] in pauses)
            at_space = (end for end in window if symbols[end] == self._ids[" "])
            end = next(after_pause, None) or next(at_space, None) or start + MAX_SYMBOLS
            yield start, end
            start = end
            while start < len(symbols) and symbols[start] == self._ids[" "]:
                start += 1
        if start < len(symbols):
            yield start, len(symbols)

    def _finish(self, symbols: Sequence[tuple[int, WordSpan]]) -> TokenizedText:
        """A part with punctuation at its end: every sentence of the training had one, and the gate depends on it."""
        ids, words = [symbol for symbol, _ in symbols], [word for _, word in symbols]
        if ids[-1] not in {self._ids[mark] for mark in _ENDS if mark in self._ids} and "." in self._ids:
            ids, words = [*ids, self._ids["."]], [*words, None]
        return TokenizedText(tuple(ids), tuple(words))
