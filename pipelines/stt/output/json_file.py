"""Transcript as JSON: the text, the summary, and segments with words as far as the request asks for them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from pipelines.requests import TranscriptionRequest
from pipelines.transcript.segment import TranscriptSegment, TranscriptWord


class JsonTranscript:
    """`{text, language, …, segments}`; text and segments grow in files of their own until the end."""

    def __init__(self, path: Path, request: TranscriptionRequest) -> None:
        self._path = path
        self._fields = _segment_fields(request)
        self._has_speakers = request.names_speakers
        self._text_path, self._segments_path = path.with_suffix(".text"), path.with_suffix(".segments")
        self._text = self._text_path.open("w", encoding="utf-8")
        self._segments = self._segments_path.open("w", encoding="utf-8")
        self._count = 0
        self._languages: set[str | None] = set()

    def add(self, segment: TranscriptSegment) -> None:
        """See `TranscriptWriter`."""
        separator = " " if self._count else ""
        self._text.write(json.dumps(separator + segment.text, ensure_ascii=False)[1:-1])
        if self._fields:
            # One line each; whether they get their language is known at the end.
            shown = [self._to_json(segment), segment.language]
            self._segments.write(json.dumps(shown, ensure_ascii=False) + "\n")
            self._languages.add(segment.language)
        self._count += 1

    def finish(self, summary: dict[str, Any]) -> Path:
        """See `TranscriptWriter`."""
        self.close()
        with self._path.open("w", encoding="utf-8") as out:
            out.write('{"text": "')
            _move_content(self._text_path, out)
            out.write('"')
            for name in ("language", "language_confidence", "duration_s", "avg_confidence"):
                out.write(f', "{name}": {json.dumps(summary[name])}')
            out.write(', "segments": [')
            self._move_segments(out)
            out.write("]}\n")
        return self._path

    def close(self) -> None:
        """See `TranscriptWriter`."""
        self._text.close()
        self._segments.close()

    def _move_segments(self, out: IO[str]) -> None:
        """The segments, each with its language where the recording has several."""
        with self._segments_path.open(encoding="utf-8") as file:
            for number, line in enumerate(file):
                shown, language = json.loads(line)
                if len(self._languages) > 1:
                    shown["language"] = language
                out.write((",\n" if number else "") + json.dumps(shown, ensure_ascii=False))
        self._segments_path.unlink()

    def _to_json(self, segment: TranscriptSegment) -> dict[str, Any]:
        values = {
            "id": self._count,
            "start": segment.start,
            "end": segment.end,
            "text": segment.text,
            "confidence": segment.confidence,
            "speaker": segment.speaker,
            "model": segment.model,
            "words": [self._word_to_json(word) for word in segment.words],
        }
        return {name: values[name] for name in self._fields}

    def _word_to_json(self, word: TranscriptWord) -> dict[str, Any]:
        speaker = {"speaker": word.speaker} if self._has_speakers else {}
        return {"word": word.text, "start": word.start, "end": word.end, "confidence": word.confidence, **speaker}


def _segment_fields(request: TranscriptionRequest) -> Sequence[str]:
    """The fields of a segment; none = no segments. Speakers bring segments even where there are no times."""
    times = () if request.timestamps == "none" else ("start", "end")
    if not times and not request.names_speakers:
        return ()
    speaker = ("speaker",) if request.names_speakers else ()
    words = ("words",) if request.timestamps == "word" else ()
    return ("id", *times, "text", "confidence", *speaker, "model", *words)


def _move_content(path: Path, out: IO[str]) -> None:
    with path.open(encoding="utf-8") as file:
        shutil.copyfileobj(file, out)
    path.unlink()
