"""A passage in parts that a model with a short memory can say: cut at marks, else between words, else anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

#: Where a speaker breathes: after a mark and the quotes that close behind it. The first kind is the better place.
_PLACES = (re.compile(r"[.!?…][\"”’»)\]]*\s+"), re.compile(r"[;:,–—][\"”’»)\]]*\s+"), re.compile(r"\s+"))


def breaths(text: str, limit: int) -> Iterator[str]:
    """Parts of `limit` characters at most, stripped, none empty; together they hold all that is not white space.

    A cut is made as late as the limit lets it, but in the second half of a part where there is a place for it.
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
        # A space behind the limit is no part of what is said.
        ends = [found.end() for found in place.finditer(text, 0, limit + 1)]
        if ends and (ends[-1] > limit // 2 or place is _PLACES[-1]):
            return ends[-1]
    return limit
