"""The part of a recognition chunk: what was heard in each of its windows, and by whom.

A part of a later round holds every window of the chunk again, the unsure ones as the better of two models heard them:
it replaces the part before it. Knows the file; nothing of models, and nothing of how a recording was cut.
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
class HeardWindow:
    """One window of a chunk. Times in `segments` are seconds of the recording."""

    #: Its place in the chunk, from 0.
    number: int
    #: Seconds of speech in it.
    seconds: float
    #: Whose words these are, and who else was asked, in order.
    model: str
    asked: tuple[str, ...]
    segments: tuple[Segment, ...]
    language: str | None = None
    language_confidence: float | None = None
    #: What the model itself took the language for, whatever the request said.
    detected_language: str | None = None
    detected_confidence: float | None = None

    @property
    def confidence(self) -> float | None:
        """Mean over the words (over the segments where there are none); None where nothing was heard."""
        words = [word["confidence"] for segment in self.segments for word in segment["words"]]
        scores = words or [segment["confidence"] for segment in self.segments]
        return sum(scores) / len(scores) if scores else None

    def is_doubtful(self, min_confidence: float | None) -> bool:
        """Whether the model was not sure enough. Silence is never doubtful: there is nothing to be unsure of."""
        confidence = self.confidence
        return min_confidence is not None and confidence is not None and confidence < min_confidence

    def or_better(self, again: HeardWindow) -> HeardWindow:
        """The one of two hearings that is surer of itself, this one where they are level or `again` heard nothing."""
        better = again if (again.confidence or 0.0) > (self.confidence or 0.0) else self
        return replace(better, asked=self.asked + again.asked)


def write_part(
    path: Path,
    windows: Iterable[HeardWindow],
    *,
    turns: Sequence[Any] = (),
    known: Mapping[str, Any] | None = None,
    same_voice: float | None = None,
) -> None:
    """Write a part file: `segments` for whoever shows them at once, `windows` for the next round.

    `turns`: those of speakers, and `known`: the vectors of enrolled voices, as JSON, where they were asked for;
    `same_voice`: from which cosine a speaker is one of these.
    """
    heard = sorted(windows, key=lambda window: window.number)
    language, confidence = _language(heard)
    part = {
        "segments": [{**segment, "window": window.number} for window in heard for segment in window.segments],
        "windows": [
            {
                "number": window.number,
                "seconds": window.seconds,
                "model": window.model,
                "asked": window.asked,
                "language": window.language,
                "language_confidence": window.language_confidence,
                "detected_language": window.detected_language,
                "detected_confidence": window.detected_confidence,
            }
            for window in heard
        ],
        "language": language,
        "language_confidence": confidence,
        **({"turns": turns} if turns else {}),
        **({"known": known, "same_voice": same_voice} if known else {}),
    }
    path.write_text(json.dumps(part, ensure_ascii=False), encoding="utf-8")


def read_part(path: Path) -> list[HeardWindow]:
    """The windows of a part file, in order."""
    part = json.loads(path.read_text(encoding="utf-8"))
    segments = defaultdict[int, list[Segment]](list)
    for segment in part["segments"]:
        segments[segment.pop("window")].append(segment)
    return [
        HeardWindow(**{**window, "asked": tuple(window["asked"])}, segments=tuple(segments[window["number"]]))
        for window in part["windows"]
    ]


def _language(windows: Iterable[HeardWindow]) -> tuple[str | None, float | None]:
    """The language of most of the speech, and the mean confidence in it."""
    seconds, sure = defaultdict[str, float](float), defaultdict[str, float](float)
    for window in windows:
        if window.language:
            seconds[window.language] += window.seconds
            sure[window.language] += window.seconds * (window.language_confidence or 0.0)
    if not seconds:
        return None, None
    language = max(seconds, key=lambda name: seconds[name])
    return language, round(sure[language] / seconds[language], 4) if sure[language] else None
