"""Transcripts of one line for each segment: plain text, and tab-separated values with times in milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from pipelines.requests import TranscriptionRequest
from pipelines.transcript.segment import TranscriptSegment


class LineTranscript:
    """A file that grows by one line for each segment."""

    def __init__(self, path: Path, format_line: Callable[[TranscriptSegment], str], *, header: str = "") -> None:
        self._path = path
        self._format_line = format_line
        self._file = path.open("w", encoding="utf-8", newline="\n")
        self._file.write(header)

    def add(self, segment: TranscriptSegment) -> None:
        """See `TranscriptWriter`."""
        self._file.write(self._format_line(segment) + "\n")

    def finish(self, summary: dict[str, Any]) -> Path:
        """See `TranscriptWriter`."""
        self.close()
        return self._path

    def close(self) -> None:
        """See `TranscriptWriter`."""
        self._file.close()


def create_text(path: Path, request: TranscriptionRequest) -> LineTranscript:
    """Plain text, a paragraph for each segment."""
    return LineTranscript(path, _format_paragraph)


def create_tsv(path: Path, request: TranscriptionRequest) -> LineTranscript:
    """Tab-separated values with the columns of openai-whisper, and the speaker where the request asks for speakers."""
    header = "start\tend\ttext\tspeaker\n" if request.names_speakers else "start\tend\ttext\n"
    return LineTranscript(path, partial(_format_row, has_speaker=request.names_speakers), header=header)


def _format_paragraph(segment: TranscriptSegment) -> str:
    return f"{segment.speaker}: {segment.text}" if segment.speaker else segment.text


def _format_row(segment: TranscriptSegment, *, has_speaker: bool) -> str:
    """Times in milliseconds; an unknown speaker is an empty column."""
    row = [str(round(segment.start * 1000)), str(round(segment.end * 1000)), " ".join(segment.text.split())]
    return "\t".join([*row, segment.speaker or ""] if has_speaker else row)
