"""Phrases that go on across a long pause, parted there: a window leaves pauses out, so a model may not notice them.

Knows words and their times in the recording; nothing of windows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from pipelines.family import Phrase
from pipelines.transcript.phrase_text import texts_between

#: Who is silent for longer begins anew, in seconds.
LONG_PAUSE_S = 2.0


def parted_at_pauses(phrase: Phrase) -> Iterator[Phrase]:
    """`phrase`, or its parts between pauses of more than `LONG_PAUSE_S`; a phrase without words stays whole.

    Each part keeps the confidence of the whole.
    """
    words = phrase.words
    seams = [number for number, (one, other) in enumerate(pairwise(words), 1) if other.start - one.end > LONG_PAUSE_S]
    edges = [0, *seams, len(words)]
    texts = texts_between(phrase.text, [word.word for word in words], edges) if seams else None
    if texts is None:
        yield phrase
        return
    for text, (first, behind) in zip(texts, pairwise(edges), strict=True):
        start = phrase.start if first == 0 else words[first].start
        end = phrase.end if behind == len(words) else words[behind - 1].end
        yield replace(phrase, text=text, start=start, end=end, words=words[first:behind])
