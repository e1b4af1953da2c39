"""A text in the symbols that NVIDIA's Tacotron 2 was trained on: small letters, a few marks, ARPAbet in braces.

Numbers and abbreviations are said in words before a text comes here. A character that cannot be said is left out with a
remark; a long text is cut into parts that attention can follow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipelines.errors import BadInput
from pipelines.text.pronunciation.symbol_set import SymbolSet
from pipelines.text.symbol_times import Owner
from pipelines.text.words import bare, written_words

_PAD = "_"
_MARKS = "-!'(),.:;? "
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VOWELS = "AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW".split()  # noqa: SIM905 – a table to read
_CONSONANTS = "B CH D DH F G HH JH K L M N NG P R S SH T TH V W Y Z ZH".split()  # noqa: SIM905 – a table to read
#: The published symbols, a symbol's id its place: letters stand for themselves, sounds have an @ before their name.
SYMBOLS: tuple[str, ...] = (
    _PAD,
    *_MARKS[:1],
    *_MARKS[1:],
    *_LETTERS,
    *(f"@{name}" for name in sorted([*_CONSONANTS, *(v + stress for v in _VOWELS for stress in ("", "0", "1", "2"))])),
)
#: Symbols that attention was trained to follow in one go; longer texts are spoken in parts.
LONGEST = 180
_BRACES = re.compile(r"\{([^{}]*)\}")
_PAUSES = frozenset(",.;:!?")
_ENDS = frozenset(".!?,;:-")


@dataclass(frozen=True, slots=True)
class Spelling:
    """Ids in order, and for each the word that it is part of."""

    ids: tuple[int, ...]
    owners: tuple[Owner, ...]


class Speller:
    """Texts in the symbols of one checkpoint."""

    def __init__(self, symbols: Sequence[str], *, name: str) -> None:
        """`name` is the model's, for messages."""
        self._ids = {symbol: number for number, symbol in enumerate(symbols) if symbol != _PAD}
        self._letters = SymbolSet({each: number for each, number in self._ids.items() if len(each) == 1}, name=name)
        self._name = name

    def parts(self, text: str) -> list[Spelling]:
        """The text in parts of at most `LONGEST` symbols, cut at a mark or a space where there is one; [] for nothing.

        Raises `BadInput` on `text` for a sound that the checkpoint has no symbol for.
        """
        said = list(self._symbols(text))
        if not any(owner for _, owner in said):
            return []
        return [self._ended(said[start:end]) for start, end in self._cuts([symbol for symbol, _ in said])]

    def remarks(self, text: str) -> tuple[str, ...]:
        """A sentence for the user about each character that is left out."""
        return self._letters.remarks(_BRACES.sub(" ", text))

    def _symbols(self, text: str) -> Iterator[tuple[int, Owner]]:
        space = False
        begun = False
        for symbol, owner in self._characters(text):
            if symbol == self._ids[" "]:
                space = begun
                continue
            if space:
                yield self._ids[" "], None
            space, begun = False, True
            yield symbol, owner

    def _characters(self, text: str) -> Iterator[tuple[int, Owner]]:
        at = 0
        for found in _BRACES.finditer(text):
            yield from self._written(text, at, found.start())
            for sound in found[1].split():
                if f"@{sound}" not in self._ids:
                    raise BadInput(f"{self._name} has no sound {sound!r}; sounds in braces are ARPAbet.", field="text")
                yield self._ids[f"@{sound}"], found.span()
            at = found.end()
        yield from self._written(text, at, len(text))

    def _written(self, text: str, start: int, end: int) -> Iterator[tuple[int, Owner]]:
        text = self._letters.cleared(text)
        at = start
        for first, last in written_words(text, start, end):
            if first > at:
                yield self._ids[" "], None
            word = bare(text, first, last)
            is_said = any(char.isalnum() for char in text[first:last])
            for place in range(first, last):
                owner = word if is_said and word[0] <= place < word[1] else None
                yield from ((number, owner) for number in self._letters.ids(text[place].lower()))
            at = last
        if at < end:
            yield self._ids[" "], None

    def _cuts(self, symbols: Sequence[int]) -> Iterator[tuple[int, int]]:
        pauses = {self._ids[mark] for mark in _PAUSES if mark in self._ids}
        start = 0
        while len(symbols) - start > LONGEST:
            window = range(start + LONGEST, start + LONGEST // 2, -1)
            after_pause = (end for end in window if symbols[end - 1] in pauses)
            at_space = (end for end in window if symbols[end] == self._ids[" "])
            end = next(after_pause, None) or next(at_space, None) or start + LONGEST
            yield start, end
            start = end
            while start < len(symbols) and symbols[start] == self._ids[" "]:
                start += 1
        if start < len(symbols):
            yield start, len(symbols)

    def _ended(self, said: Sequence[tuple[int, Owner]]) -> Spelling:
        """With a mark at its end: every sentence of the training had one, and the gate waits for it."""
        ids, owners = [symbol for symbol, _ in said], [owner for _, owner in said]
        if ids[-1] not in {self._ids[mark] for mark in _ENDS if mark in self._ids} and "." in self._ids:
            ids, owners = [*ids, self._ids["."]], [*owners, None]
        return Spelling(tuple(ids), tuple(owners))
