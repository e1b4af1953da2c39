"""Ranges of the words of a text: characters between white space, without the punctuation at their edges."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_WORD = re.compile(r"\S+")
#: Symbols that Unicode counts as punctuation and that are spoken as words.
SPOKEN_SYMBOLS = "%&@#§"


def word_ranges(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """[start, end) of everything between white space in characters [start, end) of the text, in order."""
    for found in _WORD.finditer(text, start, len(text) if end is None else end):
        yield found.span()


def strip_punctuation(text: str, start: int, end: int) -> tuple[int, int]:
    """The range of a word without the punctuation at its edges; unchanged for a word of punctuation alone."""
    first, last = start, end
    while first < last and _is_punctuation(text[first]):
        first += 1
    while last > first and _is_punctuation(text[last - 1]):
        last -= 1
    return (first, last) if first < last else (start, end)


def _is_punctuation(char: str) -> bool:
    return unicodedata.category(char).startswith("P") and char not in SPOKEN_SYMBOLS
