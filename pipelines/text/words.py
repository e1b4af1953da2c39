"""Where the words of a text are: characters between white space, without the punctuation at their edges."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_WRITTEN = re.compile(r"\S+")
#: Signs that Unicode counts as punctuation and that are said as words.
SAID = "%&@#§"


def written_words(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """[start, end) of all that stands between white space, in order."""
    for found in _WRITTEN.finditer(text, start, len(text) if end is None else end):
        yield found.span()


def bare(text: str, start: int, end: int) -> tuple[int, int]:
    """A written word without the punctuation at its edges; as it is where there is nothing else."""
    first, last = start, end
    while first < last and _is_mark(text[first]):
        first += 1
    while last > first and _is_mark(text[last - 1]):
        last -= 1
    return (first, last) if first < last else (start, end)


def _is_mark(char: str) -> bool:
    return unicodedata.category(char).startswith("P") and char not in SAID
