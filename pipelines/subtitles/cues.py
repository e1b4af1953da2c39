"""Turns segments into a stream of subtitle cues in order of time, shown long enough to be read.

A cue may be shown a little before its words and after them, but never together with another one. Knows cues and their
times; nothing of lines or file formats.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator
from dataclasses import replace

from .cue_splitting import Cue, CueStyle, split_into_cues
from .phrase_breaks import ends_text
from .timed_segment import TimedSegment

#: A shorter cue is extended into the pause after it.
_MIN_CUE_S = 1.0
#: A cue that is too fast to read may begin so much before its words, where no other is shown.
_MAX_LEAD_S = 0.5
#: Shortest cue, in seconds, where speech at the same time leaves it no more, and how late such a cue may be.
_SHORTEST_CUE_S, _MAX_LATE_S = 0.3, 2.0
_MILLISECOND = 0.001


class CueStream:
    """Segments in, in order of their starts; cues out, in order of time, none over another.

    Speakers of different channels speak at once. A cue is held until no later segment can begin before it, and until
    the next cue limits how long it is shown.
    """

    def __init__(self, style: CueStyle | None = None) -> None:
        self._style = style or CueStyle()
        #: Cues that a later segment might still precede.
        self._waiting: list[tuple[float, int, Cue]] = []
        self._order = itertools.count()
        self._held: Cue | None = None
        #: The end of the last cue that was yielded.
        self._free_from = 0.0
        #: By speaker, whether the next word begins a sentence.
        self._begins: dict[str | None, bool] = {}

    def push(self, segment: TimedSegment) -> Iterator[Cue]:
        """The cues that this segment completes."""
        for cue in split_into_cues(self._with_capital(segment), self._style):
            heapq.heappush(self._waiting, (cue.start, next(self._order), cue))
        yield from self._release(segment.start)

    def finish(self) -> Iterator[Cue]:
        """The last cues."""
        yield from self._release(float("inf"))
        if self._held is not None:
            yield self._set_times(self._held, None)
            self._held = None

    def _release(self, to_s: float) -> Iterator[Cue]:
        """Cues that begin up to `to_s`, but for the last, which is held."""
        while self._waiting and self._waiting[0][0] <= to_s:
            cue = heapq.heappop(self._waiting)[2]
            if self._held is not None:
                yield self._set_times(self._held, cue)
            self._held = cue

    def _set_times(self, cue: Cue, following: Cue | None) -> Cue:
        """`cue` from where the last one ended at the earliest, long enough to be read where `following` allows it."""
        needed = max(_MIN_CUE_S, cue.characters / self._style.characters_per_s)
        start = max(cue.start, self._free_from)
        # One that had to wait for another is shown for a while, though its speech may be over.
        spoken_to = cue.end if start == cue.start else max(cue.end, start + _SHORTEST_CUE_S)
        until = float("inf") if following is None else following.start
        if until < spoken_to:
            until = self._divide(cue, start, spoken_to, following)
        end = min(max(spoken_to, start + needed), until)
        if end - start < cue.characters / self._style.characters_per_s:
            start = min(start, max(self._free_from, end - needed, cue.start - _MAX_LEAD_S))
        start = max(round(start, 3), self._free_from)
        shown = replace(cue, start=start, end=max(end, start + _MILLISECOND))
        self._free_from = shown.end
        return shown

    @staticmethod
    def _divide(cue: Cue, start: float, spoken_to: float, following: Cue | None) -> float:
        """The moment at which `following`, which is spoken at the same time, takes the place of `cue`.

        Each gets time in proportion to its characters, but within the speech of `cue` and without being too late.
        """
        assert following is not None
        share = cue.characters / max(1, cue.characters + following.characters)
        moment = start + (max(spoken_to, following.end) - start) * share
        earliest = max(following.start, min(start + _SHORTEST_CUE_S, spoken_to))
        return max(earliest, min(moment, spoken_to, following.start + _MAX_LATE_S))

    def _with_capital(self, segment: TimedSegment) -> TimedSegment:
        """The segment, whose first word is capitalised where it begins a sentence of its speaker.

        The first segment does where its text has capitals or full stops at all.
        """
        text = segment.text.strip()
        begins = self._begins.get(segment.speaker, text != text.lower() or ends_text(text))
        if not text:
            return segment
        self._begins[segment.speaker] = ends_text(text)
        first = text.split(maxsplit=1)[0]
        words = list(segment.words)
        at = first.find(words[0].text) if words else 0
        if not begins or not first.islower() or at < 0:
            return segment
        capital = _capitalise(first)
        if words:
            words[0] = replace(words[0], text=capital[at : at + len(words[0].text)])
        return replace(segment, text=capital + text[len(first) :], words=words)


def _capitalise(word: str) -> str:
    """The word with its first letter in upper case, of which there is one only: "ﬁ" and "ß" stay."""
    for index, character in enumerate(word):
        if character.isalpha():
            upper = character.upper()
            return word[:index] + (upper if len(upper) == 1 else character) + word[index + 1 :]
    return word
