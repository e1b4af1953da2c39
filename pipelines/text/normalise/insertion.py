"""Inserts words in the place of digits and symbols, with the spaces that they need. Knows no language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pipelines.text.aligned_text import Replacement

#: What ends a phrase; in front of a letter or digit it is part of a name or a number.
_PUNCTUATION = re.compile(r"[.,;:!?)\]](?![\w.])")


def insert_words(text: str, start: int, end: int, words: str) -> Replacement:
    """`words` for the characters [start, end) of `text`.

    Beside a letter or digit they get a space ("3D" is "three D"), beside a space no second one. Words that come with
    spaces at both ends keep one at each, but none inside of a bracket or in front of punctuation.
    """
    before, after = text[start - 1 : start], text[end : end + 1]
    words = f" {words.strip()} " if words[:1] == words[-1:] == " " else words
    if not before or before.isspace() or before in "([":
        words = words.lstrip()
    elif before.isalnum() and words[:1].isalnum():
        words = " " + words
    if not after or after.isspace() or _PUNCTUATION.match(text, end):
        words = words.rstrip()
    elif after.isalnum() and words[-1:].isalnum():
        words += " "
    return Replacement(start, end, words)


def join_neighbours(replacements: Iterable[Replacement]) -> Iterator[Replacement]:
    """The replacements in order, with one space, not two, where one begins at the end of another."""
    last = Replacement(-1, -1, "")
    for each in sorted(replacements, key=lambda replacement: replacement.start):
        if each.start == last.end and last.text.endswith(" "):
            each = Replacement(each.start, each.end, each.text.removeprefix(" "))
        yield each
        last = each
