"""Puts the phrases of a window in order: no word over another, none of zero length, none behind the window.

Models let words run past the time from which the rest of a window is recognised again, and give words without a length.
Knows phrases and times; nothing of windows or models.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from pipelines.family import Phrase, Word

#: Shortest length of a word, in seconds: that of a cue on the screen for one frame of film.
MIN_WORD_S = 0.04
_MILLISECOND = 0.001


def order_times(phrases: Sequence[Phrase], end_s: float) -> Iterator[Phrase]:
    """The phrases with times that ascend: each word (or phrase without words) begins where the last one ended or later.

    A word keeps its end where that leaves it a length, else its end moves as far as it must. Those that would end
    behind `end_s`, where the window ends, move before it: the next window's words follow.
    """
    spoken: list[Word | Phrase] = []
    for phrase in phrases:
        spoken += phrase.words or (phrase,)
    ordered = iter(_order([(each.start, each.end) for each in spoken], end_s))
    for phrase in phrases:
        if phrase.words:
            own = islice(ordered, len(phrase.words))
            words = tuple(
                replace(word, start=start, end=end) for word, (start, end) in zip(phrase.words, own, strict=True)
            )
            yield replace(phrase, start=words[0].start, end=words[-1].end, words=words)
        else:
            start, end = next(ordered)
            yield replace(phrase, start=start, end=end)


def _order(times: Sequence[tuple[float, float]], end_s: float) -> list[tuple[float, float]]:
    if not times:
        return []
    first = max(0.0, times[0][0])
    # Many words in a short window share it; of more than one in a millisecond, the last ones are behind it.
    shared = math.floor(round(1_000 * max(0.0, end_s - first) / len(times), 6)) / 1_000
    shortest = max(_MILLISECOND, min(MIN_WORD_S, shared))
    return _move_back(_move_on(times, shortest), max(end_s, first + len(times) * shortest), shortest)


def _move_on(times: Sequence[tuple[float, float]], shortest: float) -> list[tuple[float, float]]:
    """Each from where the one before ended, or later."""
    moved, at = [], 0.0
    for start, end in times:
        start = round(max(start, at), 3)
        at = round(max(end, start + shortest), 3)
        moved.append((start, at))
    return moved


def _move_back(times: list[tuple[float, float]], limit: float, shortest: float) -> list[tuple[float, float]]:
    """Each up to where the one behind it begins, and the last up to `limit`."""
    moved = []
    for start, end in reversed(times):
        end = min(end, round(limit, 3))
        start = limit = min(start, round(end - shortest, 3))
        moved.append((start, end))
    return moved[::-1]
