"""The library's word events as marks: which characters are said from when to when. Pure; knows no process.

The library begins a "word" wherever it changes its mind inside a number or an emoji, and says nothing of ends. So
events are joined to the words that a reader sees, and a word ends where the next begins or where its sound does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from pipelines.family import Samples, WordMark

#: What a reader sees as one word: no white space, no dash between words; in scripts without spaces, see `_UNSPACED`.
_WORD = re.compile(r"(?:(?!--|[—–…])\S)+")
_EDGES = re.compile(r"^[^\w€$£¥%&+=@§°#\U0001f000-\U0001faff]+|[^\w€$£¥%&+=@§°#\U0001f000-\U0001faff]+$")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fff\u3005-\u3007\u3021-\u302f\u3031-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
#: Samples below this are silence (−54 dB).
_FLOOR = 64


def word_marks(
    text: str, words: Sequence[Sequence[int]], ends: Sequence[int], samples: Samples, sample_rate_hz: int
) -> list[WordMark]:
    """Marks in order, without overlap. `words` are (position, length, sample), `ends` the samples where clauses end."""
    starts: list[tuple[int, int, int]] = []  # first character, end character, sample
    for position, length, sample in words:
        span = _visible_word(text, position, length)
        if span is None or (starts and span[0] <= starts[-1][0]):
            continue  # more of the word before, or a position that went back
        starts.append((max(span[0], starts[-1][1] if starts else 0), span[1], sample))
    stops = sorted({*ends, len(samples)})
    marks = []
    for index, (first, end, sample) in enumerate(starts):
        until = starts[index + 1][2] if index + 1 < len(starts) else len(samples)
        until = min([until, *(stop for stop in stops if sample < stop < until)])
        heard = np.flatnonzero(np.abs(samples[sample:until].astype(np.int32)) > _FLOOR)
        begin, finish = (sample, until) if not len(heard) else (sample + int(heard[0]), sample + int(heard[-1]) + 1)
        following = starts[index + 1][0] if index + 1 < len(starts) else len(text)
        while end < following and _UNSPACED.match(text, first) and _UNSPACED.match(text, end):
            end += 1  # the library joined characters into one word
        if end > first:
            marks.append(WordMark(first, end, begin / sample_rate_hz, finish / sample_rate_hz))
    return marks


def _visible_word(text: str, position: int, length: int) -> tuple[int, int] | None:
    """The word around a position, without its punctuation."""
    if not 0 <= position < len(text):
        return None
    if text[position].isspace():
        position -= 1  # it is still saying the name of the sign before
    if _UNSPACED.match(text, position):
        return position, min(len(text), position + max(1, length))
    for found in _WORD.finditer(text, max(0, text.rfind(" ", 0, position + 1))):
        if found.end() <= position:
            continue
        if found.start() > position + 1:
            return None
        start, end = found.span()
        word = found.group()
        if unspaced := _UNSPACED.search(word):
            end = start + unspaced.start()
            word = text[start:end]
        edges = _EDGES.match(word)
        start += len(edges.group()) if edges else 0
        end = start + len(_EDGES.sub("", text[start:end]))
        return (start, end) if end > start else None
    return None
