"""Splits a text for a model with a short context: at punctuation, else between words, else anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

#: Places to cut, the best first: after punctuation and the quotes that close behind it, then at white space.
_PLACES = (re.compile(r"[.!?…][\"”’»)\]]*\s+"), re.compile(r"[;:,–—][\"”’»)\]]*\s+"), re.compile(r"\s+"))


def split_clauses(text: str, limit: int) -> Iterator[str]:
    """Parts of at most `limit` characters, stripped, none empty; together they are the text without white space.

    Each cut is as late as the limit allows, at the best kind of place in the second half of a part.
    """
    rest = text.strip()
    while len(rest) > limit:
        cut = _cut(rest, limit)
        yield rest[:cut].strip()
        rest = rest[cut:].strip()
    if rest:
        yield rest


def _cut(text: str, limit: int) -> int:
    for place in _PLACES:
        # White space behind the limit does not count.
        ends = [found.end() for found in place.finditer(text, 0, limit + 1)]
        if ends and (ends[-1] > limit // 2 or place is _PLACES[-1]):
            return ends[-1]
    return limit
