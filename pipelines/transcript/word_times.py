"""Puts the phrases of a window in order: no word over another, and none of zero length.

Models let words run past the time from which the rest of a window is recognised again, and give words without a length.
Knows phrases and times; nothing of windows or models.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from pipelines.family import Phrase, Word

#: Shortest length of a word, in seconds: that of a cue on the screen for one frame of film.
MIN_WORD_S = 0.04


def order_times(phrases: Iterable[Phrase]) -> Iterator[Phrase]:
    """The phrases with times that ascend: each word (or phrase without words) begins where the last one ended or later.

    A word keeps its end where that leaves it a length, else its end moves as far as it must.
    """
    at = 0.0
    for phrase in phrases:
        if phrase.words:
            words = _order_words(phrase.words, at)
            ordered = replace(phrase, start=words[0].start, end=words[-1].end, words=words)
        else:
            start, end = _order(phrase.start, phrase.end, at)
            ordered = replace(phrase, start=start, end=end)
        at = ordered.end
        yield ordered


def _order_words(words: Sequence[Word], at: float) -> tuple[Word, ...]:
    ordered = []
    for word in words:
        start, end = _order(word.start, word.end, at)
        at = end
        ordered.append(replace(word, start=start, end=end))
    return tuple(ordered)


def _order(start: float, end: float, at: float) -> tuple[float, float]:
    start = max(start, at)
    return round(start, 3), round(max(end, start + MIN_WORD_S), 3)
