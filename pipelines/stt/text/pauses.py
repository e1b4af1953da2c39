"""Splits phrases at long pauses: windows leave these out, so that a model does not notice them.

Knows words and their times in the recording; nothing of windows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from pipelines.family import Phrase
from pipelines.transcript.phrase_text import split_text

#: A longer pause ends a phrase, in seconds.
LONG_PAUSE_S = 2.0


def split_at_pauses(phrase: Phrase) -> Iterator[Phrase]:
    """`phrase`, or its parts between pauses of more than `LONG_PAUSE_S`; a phrase without words is not split.

    Each part keeps the confidence of the whole.
    """
    words = phrase.words
    cuts = [number for number, (one, other) in enumerate(pairwise(words), 1) if other.start - one.end > LONG_PAUSE_S]
    edges = [0, *cuts, len(words)]
    texts = split_text(phrase.text, [word.word for word in words], edges) if cuts else None
    if texts is None:
        yield phrase
        return
    for text, (first, last) in zip(texts, pairwise(edges), strict=True):
        start = phrase.start if first == 0 else words[first].start
        end = phrase.end if last == len(words) else words[last - 1].end
        yield replace(phrase, text=text, start=start, end=end, words=words[first:last])
