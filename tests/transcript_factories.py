"""Builders of transcript segments and their words."""

from __future__ import annotations

from typing import Any

from pipelines.transcript.segment import TranscriptSegment, TranscriptWord


def make_word(text: str, start: float, end: float, confidence: float = 1.0) -> TranscriptWord:
    """A word without a speaker."""
    return TranscriptWord(text, start, end, confidence=confidence)


def make_segment(text: str, start: float, end: float, *words: TranscriptWord, **changes: Any) -> TranscriptSegment:
    """A segment of model "m"; `changes`: other fields."""
    return TranscriptSegment(text, start, end, words=words, **{"confidence": 1.0, "model": "m", **changes})
