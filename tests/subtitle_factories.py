"""Builders of transcript segments and of their subtitle cues."""

from __future__ import annotations

from typing import Any

from pipelines.subtitles.cues import Cue, CueStream, CueStyle

LONG = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, "
    "it was the epoch of belief, it was the epoch of incredulity."
)


def make_segment(text: str, *, start: float = 0.0, word_s: float = 0.3, **changes: Any) -> dict[str, Any]:
    """A segment without pauses between its words."""
    words, at = [], start
    for word in text.split():
        words.append({"word": word, "start": round(at, 3), "end": round(at + word_s, 3), "confidence": 1.0})
        at += word_s
    return {"start": start, "end": round(at, 3), "text": text, "confidence": 1.0, "words": words, **changes}


def build_cues(*segments: dict[str, Any], **style: Any) -> list[Cue]:
    """All cues of segments, in a style."""
    stream = CueStream(CueStyle(**style))
    return [cue for segment in segments for cue in stream.push(segment)] + list(stream.finish())
