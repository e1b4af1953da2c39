"""Segments of a transcript, as values: their JSON is in part_file.py, files for users in pipelines/stt/output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.subtitles.timed_segment import TimedSegment, TimedWord


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptWord(TimedWord):
    """A recognised word; times in seconds of the recording, confidence 0–1."""

    confidence: float
    speaker: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptSegment(TimedSegment):
    """A recognised phrase; times in seconds of the recording, confidence 0–1."""

    words: Sequence[TranscriptWord] = ()
    confidence: float
    language: str | None = None
    language_confidence: float | None = None
    #: The model that recognised it.
    model: str
    #: Channel of the recording, from 0; 0 where the channels were mixed.
    channel: int = 0
