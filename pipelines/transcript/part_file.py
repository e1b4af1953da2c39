"""The part file of a recognition chunk: the transcript of each of its windows, and the model that made it.

A part of a later round holds all windows of the chunk, the doubtful ones from the more confident of two models, and
replaces the part before it. Knows the file; nothing of models, nor of how a recording was cut.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

Segment = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RecognisedWindow:
    """The transcript of one window of a chunk. Times in `segments` are seconds of the recording."""

    #: Its index in the chunk.
    number: int
    #: Seconds of speech in it.
    seconds: float
    #: The model of these segments, and all models that transcribed the window, in order ("asked" in the file).
    model: str
    tried_models: tuple[str, ...]
    segments: tuple[Segment, ...]
    language: str | None = None
    language_confidence: float | None = None
    #: The language that the model detected, whatever the request said.
    detected_language: str | None = None
    detected_confidence: float | None = None

    @property
    def confidence(self) -> float | None:
        """Mean over the words (over the segments where there are none); None where nothing was recognised."""
        words = [word["confidence"] for segment in self.segments for word in segment["words"]]
        scores = words or [segment["confidence"] for segment in self.segments]
        return sum(scores) / len(scores) if scores else None

    def is_doubtful(self, min_confidence: float | None) -> bool:
        """Whether the confidence is below `min_confidence`. An empty transcript is never doubtful."""
        confidence = self.confidence
        return min_confidence is not None and confidence is not None and confidence < min_confidence

    def pick_more_confident(self, retry: RecognisedWindow) -> RecognisedWindow:
        """The more confident of two transcripts of the window; this one where they are equal or `retry` is empty."""
        better = retry if (retry.confidence or 0.0) > (self.confidence or 0.0) else self
        return replace(better, tried_models=self.tried_models + retry.tried_models)


def write_part(
    path: Path,
    windows: Iterable[RecognisedWindow],
    *,
    turns: Sequence[Any] = (),
    known: Mapping[str, Any] | None = None,
    same_voice: float | None = None,
) -> None:
    """Write a part file: `segments` for clients that show partial results, `windows` for the next round.

    `turns` and `known`, where the job is diarized: speaker turns, and the embeddings of known speakers, as JSON (see
    pipelines/diarization/turns.py). `same_voice`: the cosine from which a speaker is a known one.
    """
    ordered = sorted(windows, key=lambda window: window.number)
    language, confidence = _main_language(ordered)
    part = {
        "segments": [{**segment, "window": window.number} for window in ordered for segment in window.segments],
        "windows": [
            {
                "number": window.number,
                "seconds": window.seconds,
                "model": window.model,
                "asked": window.tried_models,
                "language": window.language,
                "language_confidence": window.language_confidence,
                "detected_language": window.detected_language,
                "detected_confidence": window.detected_confidence,
            }
            for window in ordered
        ],
        "language": language,
        "language_confidence": confidence,
        **({"turns": turns} if turns else {}),
        **({"known": known, "same_voice": same_voice} if known else {}),
    }
    path.write_text(json.dumps(part, ensure_ascii=False), encoding="utf-8")


def read_part(path: Path) -> list[RecognisedWindow]:
    """The windows of a part file, in order."""
    part = json.loads(path.read_text(encoding="utf-8"))
    segments = defaultdict[int, list[Segment]](list)
    for segment in part["segments"]:
        segments[segment.pop("window")].append(segment)
    windows = []
    for stored in part["windows"]:
        tried_models = tuple(stored.pop("asked"))
        found = tuple(segments[stored["number"]])
        windows.append(RecognisedWindow(**stored, tried_models=tried_models, segments=found))
    return windows


def _main_language(windows: Iterable[RecognisedWindow]) -> tuple[str | None, float | None]:
    """The language of most of the speech, and the mean confidence in it."""
    seconds, weighted = defaultdict[str, float](float), defaultdict[str, float](float)
    for window in windows:
        if window.language:
            seconds[window.language] += window.seconds
            weighted[window.language] += window.seconds * (window.language_confidence or 0.0)
    if not seconds:
        return None, None
    language = max(seconds, key=lambda name: seconds[name])
    return language, round(weighted[language] / seconds[language], 4) if weighted[language] else None
