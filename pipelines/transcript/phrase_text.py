"""Splits the text of a phrase between its words and keeps its spaces and punctuation as they are.

Knows texts and words; nothing of times, speakers or languages.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise


def split_text(text: str, words: Sequence[str], edges: Sequence[int]) -> list[str] | None:
    """The text from each edge to the next; None where it does not consist of these words.

    `edges`: word numbers from 0 to `len(words)`, ascending. Characters between two words belong to the first one, but
    for opening punctuation of the next ("¿", a bracket).
    """
    starts = _word_starts(text, words)
    if starts is None:
        return None
    cuts = [0, *(starts[edge] for edge in edges[1:-1]), len(text)]
    return [text[first:behind].strip() for first, behind in pairwise(cuts)]


def _word_starts(text: str, words: Sequence[str]) -> list[int] | None:
    """The start of each word in the text, with its opening punctuation; None where the text has other words too."""
    starts, behind = [], 0
    for word in words:
        at = text.find(word, behind)
        if at < 0 or _has_words(text[behind:at]):
            return None
        starts.append(at - _opening_length(text[behind:at]))
        behind = at + len(word)
    return None if _has_words(text[behind:]) else starts


def _has_words(between: str) -> bool:
    return any(char.isalnum() for char in between)


def _opening_length(between: str) -> int:
    """How many of the last characters belong to the next word: those after a space."""
    space = max((number for number, char in enumerate(between) if char.isspace()), default=None)
    return 0 if space is None else len(between) - space - 1
