"""The part file of a recognition chunk: the transcript of each of its windows, and the model that made it.

A part of a later round holds all windows of the chunk, the doubtful ones from the more confident of two models, and
replaces the part before it. That of a speaker encoder also holds the speaker turns. Knows the file; nothing of models,
nor of how a recording was cut.
"""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.family import SpeakerEmbedding

from .segment import TranscriptSegment, TranscriptWord
from .turn import Turn


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
    segments: tuple[TranscriptSegment, ...]
    language: str | None = None
    language_confidence: float | None = None
    #: The language that the model detected, whatever the request said.
    detected_language: str | None = None
    detected_confidence: float | None = None

    @property
    def confidence(self) -> float | None:
        """Mean over the words (over the segments where there are none); None where nothing was recognised."""
        words = [word.confidence for segment in self.segments for word in segment.words]
        scores = words or [segment.confidence for segment in self.segments]
        return sum(scores) / len(scores) if scores else None

    def is_doubtful(self, min_confidence: float | None) -> bool:
        """Whether the confidence is below `min_confidence`. An empty transcript is never doubtful."""
        confidence = self.confidence
        return min_confidence is not None and confidence is not None and confidence < min_confidence

    def pick_more_confident(self, retry: RecognisedWindow) -> RecognisedWindow:
        """The more confident of two transcripts of the window; this one where they are equal or `retry` is empty."""
        better = retry if (retry.confidence or 0.0) > (self.confidence or 0.0) else self
        return replace(better, tried_models=self.tried_models + retry.tried_models)


@dataclass(frozen=True, slots=True, eq=False)
class RecognitionPart:
    """What a part file holds."""

    windows: Sequence[RecognisedWindow]
    #: Where the job is diarized: speaker turns, and the embeddings of known speakers, by enrolled voice.
    turns: Sequence[Turn] = ()
    known_speakers: Mapping[str, SpeakerEmbedding] = field(default_factory=dict)
    #: The cosine from which a speaker is a known one; stored with known speakers only.
    same_voice: float | None = None


def write_part(path: Path, part: RecognitionPart) -> None:
    """Write a part file: `segments` for clients that show partial results, `windows` for the next round."""
    ordered = sorted(part.windows, key=lambda window: window.number)
    language, confidence = _main_language(ordered)
    turns = [[turn.start, turn.end, _encode(turn.embedding)] for turn in part.turns]
    known = {voice: _encode(embedding) for voice, embedding in part.known_speakers.items()}
    stored = {
        "segments": [
            {**segment_to_json(segment), "window": window.number} for window in ordered for segment in window.segments
        ],
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
        **({"known": known, "same_voice": part.same_voice} if known else {}),
    }
    path.write_text(json.dumps(stored, ensure_ascii=False), encoding="utf-8")


def read_part(path: Path) -> RecognitionPart:
    """Read what `write_part` wrote; the windows are in order."""
    part = json.loads(path.read_text(encoding="utf-8"))
    segments = defaultdict[int, list[TranscriptSegment]](list)
    for stored in part["segments"]:
        segments[stored["window"]].append(segment_from_json(stored))
    windows = []
    for stored in part["windows"]:
        tried_models = tuple(stored.pop("asked"))
        found = tuple(segments[stored["number"]])
        windows.append(RecognisedWindow(**stored, tried_models=tried_models, segments=found))
    return RecognitionPart(
        windows,
        [Turn(start, end, _decode(embedding)) for start, end, embedding in part.get("turns", ())],
        {voice: _decode(embedding) for voice, embedding in part.get("known", {}).items()},
        part.get("same_voice"),
    )


def segment_to_json(segment: TranscriptSegment) -> dict[str, Any]:
    """The segment without its speakers, which are not known before all parts are merged."""
    return {
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        "confidence": segment.confidence,
        "language": segment.language,
        "language_confidence": segment.language_confidence,
        "model": segment.model,
        "channel": segment.channel,
        "words": [
            {"word": word.text, "start": word.start, "end": word.end, "confidence": word.confidence}
            for word in segment.words
        ],
    }


def segment_from_json(stored: Mapping[str, Any]) -> TranscriptSegment:
    """The segment that `segment_to_json` encoded."""
    return TranscriptSegment(
        stored["text"],
        stored["start"],
        stored["end"],
        words=tuple(
            TranscriptWord(word["word"], word["start"], word["end"], confidence=word["confidence"])
            for word in stored["words"]
        ),
        confidence=stored["confidence"],
        language=stored.get("language"),
        language_confidence=stored.get("language_confidence"),
        model=stored["model"],
        channel=stored.get("channel", 0),
    )


def _encode(embedding: SpeakerEmbedding) -> str:
    """Half precision, which moves no cosine by more than 0.001."""
    return base64.b64encode(embedding.astype("<f2").tobytes()).decode()


def _decode(stored: str) -> SpeakerEmbedding:
    return np.frombuffer(base64.b64decode(stored), "<f2").astype(np.float32)


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
