"""Builders of timed segments and of their subtitle cues."""

from __future__ import annotations

from typing import Any

from pipelines.subtitles.cue_splitting import Cue, CueStyle
from pipelines.subtitles.cues import CueStream
from pipelines.subtitles.timed_segment import TimedSegment, TimedWord

LONG = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, "
    "it was the epoch of belief, it was the epoch of incredulity."
)


def make_segment(text: str, *, start: float = 0.0, word_s: float = 0.3, speaker: str | None = None) -> TimedSegment:
    """A segment without pauses between its words."""
    words, at = [], start
    for word in text.split():
        words.append(TimedWord(word, round(at, 3), round(at + word_s, 3)))
        at += word_s
    return TimedSegment(text, start, round(at, 3), words, speaker)


def build_cues(*segments: TimedSegment, **style: Any) -> list[Cue]:
    """All cues of segments, in a style."""
    stream = CueStream(CueStyle(**style))
    return [cue for segment in segments for cue in stream.push(segment)] + list(stream.finish())
