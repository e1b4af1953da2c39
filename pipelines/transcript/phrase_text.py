"""The text of a phrase, cut between its words as it was written: with the spaces and signs that it has, or without.

Knows texts and words; nothing of times, speakers or languages.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise


def texts_between(text: str, words: Sequence[str], edges: Sequence[int]) -> list[str] | None:
    """The text from each edge to the next; None where its words cannot be told in it.

    `edges`: numbers of words, from 0 to `len(words)`, each above the one before. What stands between two words is
    the first one's, but for signs that touch the next ("¿", an opening bracket), which are its own.
    """
    starts = _starts(text, words)
    if starts is None:
        return None
    cuts = [0, *(starts[edge] for edge in edges[1:-1]), len(text)]
    return [text[first:behind].strip() for first, behind in pairwise(cuts)]


def _starts(text: str, words: Sequence[str]) -> list[int] | None:
    """Where each word begins in the text, signs that open it included; None where other words are in it too."""
    starts, behind = [], 0
    for word in words:
        at = text.find(word, behind)
        if at < 0 or _has_words(text[behind:at]):
            return None
        starts.append(at - _opening(text[behind:at]))
        behind = at + len(word)
    return None if _has_words(text[behind:]) else starts


def _has_words(between: str) -> bool:
    return any(sign.isalnum() for sign in between)


def _opening(between: str) -> int:
    """How many of the last signs belong to the word behind them: those after a space."""
    space = max((number for number, sign in enumerate(between) if sign.isspace()), default=None)
    return 0 if space is None else len(between) - space - 1
