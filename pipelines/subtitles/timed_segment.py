"""The text that subtitles are made of: segments and their words, with times in seconds.

A transcript's segments have more fields: see pipelines/transcript/segment.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word as it is written in its segment."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class TimedSegment:
    """A sentence or a phrase."""

    text: str
    start: float
    end: float
    #: Empty where only the times of the whole are known.
    words: Sequence[TimedWord] = ()
    speaker: str | None = None
