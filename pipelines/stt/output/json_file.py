"""Transcript as JSON: the text, the summary, and segments with words as far as the request asks for them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from pipelines.requests import TranscriptionRequest
from pipelines.transcript.part_file import Segment


class JsonTranscript:
    """`{text, language, …, segments}`; text and segments grow in files of their own until the end."""

    def __init__(self, path: Path, request: TranscriptionRequest) -> None:
        self._path = path
        self._fields = _segment_fields(request)
        self._text_path, self._segments_path = path.with_suffix(".text"), path.with_suffix(".segments")
        self._text = self._text_path.open("w", encoding="utf-8")
        self._segments = self._segments_path.open("w", encoding="utf-8")
        self._is_first = True

    def add(self, segment: Segment) -> None:
        """See `TranscriptWriter`."""
        separator = "" if self._is_first else " "
        self._text.write(json.dumps(separator + segment["text"], ensure_ascii=False)[1:-1])
        if shown := {name: segment[name] for name in self._fields if name in segment}:
            self._segments.write(("" if self._is_first else ",\n") + json.dumps(shown, ensure_ascii=False))
        self._is_first = False

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
            _move_content(self._segments_path, out)
            out.write("]}\n")
        return self._path

    def close(self) -> None:
        """See `TranscriptWriter`."""
        self._text.close()
        self._segments.close()


def _segment_fields(request: TranscriptionRequest) -> Sequence[str]:
    """The fields of a segment; none = no segments. Speakers bring segments even where there are no times."""
    times = () if request.timestamps == "none" else ("start", "end")
    if not times and not request.names_speakers:
        return ()
    words = ("words",) if request.timestamps == "word" else ()
    return ("id", *times, "text", "confidence", "speaker", "model", *words)


def _move_content(path: Path, out: IO[str]) -> None:
    with path.open(encoding="utf-8") as file:
        shutil.copyfileobj(file, out)
    path.unlink()
