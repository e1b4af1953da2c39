"""The library's word events to word marks. Pure functions; knows no process.

The library reports several "words" inside a number or an emoji, joins others ("was the") into one, and reports no ends.
So events are assigned to the words as written, words without an event share the time of the one before, and a word ends
where the next one begins or where its sound ends.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

import numpy as np

from pipelines.family import Samples
from pipelines.text.word_marks import WordMark

#: Thai, Lao, Burmese, Khmer, Chinese, Japanese: written without spaces between words.
_UNSPACED_RANGES = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fff\u3005-\u3007\u3021-\u302f\u3031-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_UNSPACED = re.compile(f"[{_UNSPACED_RANGES}]")
#: One written word: without white space, and without dashes between words. Scripts without spaces are handled apart.
_WORD = re.compile(r"(?:(?!--|[—–…])\S)+")
_SPACED = re.compile(f"[^{_UNSPACED_RANGES}]+")
_EDGE = "[^\\w€$£¥%&+=@§°#\U0001f000-\U0001faff]+"
_LEADING, _TRAILING = re.compile(f"^{_EDGE}"), re.compile(f"{_EDGE}$")
#: Samples below this are silence (−54 dB).
_FLOOR = 64


def compute_word_marks(
    text: str, words: Sequence[Sequence[int]], ends: Sequence[int], samples: Samples, sample_rate_hz: int
) -> list[WordMark]:
    """Marks in order, without overlap. `words` are (position, length, sample), `ends` the samples where clauses end."""
    written = _find_words(text)
    starts: list[tuple[int, int, int]] = []  # first character, end character, sample
    for position, length, sample in words:
        span = _find_word_at(text, written, position, length)
        if span is None or (starts and span[0] <= starts[-1][0]):
            continue  # more of the word before, or a position that went back
        starts.append((max(span[0], starts[-1][1] if starts else 0), span[1], sample))
    stops = sorted({*ends, len(samples)})
    marks: list[WordMark] = []
    for index, (first, end, sample) in enumerate(starts):
        following, _, until = starts[index + 1] if index + 1 < len(starts) else (len(text), 0, len(samples))
        until = min(until, stops[min(bisect_right(stops, sample), len(stops) - 1)])
        loud = np.flatnonzero(np.abs(samples[sample:until].astype(np.int32)) > _FLOOR)
        begin, finish = (sample, until) if not len(loud) else (sample + int(loud[0]), sample + int(loud[-1]) + 1)
        while end < following and _UNSPACED.match(text, first) and _UNSPACED.match(text, end):
            end += 1  # the library joined characters into one word
        if end > first:
            inside = written[bisect_left(written, (end,)) : bisect_left(written, (following,))]
            marks += _share_time([(first, end), *inside], begin / sample_rate_hz, finish / sample_rate_hz)
    return marks


def _find_words(text: str) -> list[tuple[int, int]]:
    """Start and end of every word, without its punctuation; not those of scripts without spaces."""
    words = []
    for found in _WORD.finditer(text):
        for part in _SPACED.finditer(found.group()):
            bare = _LEADING.sub("", part.group())
            end = found.start() + part.end()
            start = end - len(bare)
            end = start + len(_TRAILING.sub("", bare))
            if end > start:
                words.append((start, end))
    return words


def _find_word_at(text: str, written: list[tuple[int, int]], position: int, length: int) -> tuple[int, int] | None:
    """The word of an event at a position: the one around it, the one directly after a symbol, else the one before."""
    if not 0 <= position < len(text):
        return None
    if _UNSPACED.match(text, position):
        return position, min(len(text), position + max(1, length))
    index = bisect_right(written, (position, len(text))) - 1
    if index >= 0 and position < written[index][1]:
        return written[index]
    if index + 1 < len(written) and written[index + 1][0] == position + 1 and not text[position].isspace():
        return written[index + 1]
    return written[index] if index >= 0 else None


def _share_time(words: Sequence[tuple[int, int]], start_s: float, end_s: float) -> Iterator[WordMark]:
    """Marks for several words of one event, whose time is divided in proportion to their lengths."""
    total = sum(end - start for start, end in words)
    done, at = 0, start_s
    for start, end in words:
        done += end - start
        until = end_s if done == total else start_s + (end_s - start_s) * done / total
        yield WordMark(start, end, at, until)
        at = until
