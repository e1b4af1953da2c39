"""What a transcript format is: a media type and a writer of segments. Knows no format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pipelines.requests import TranscriptionRequest
from pipelines.transcript.segment import TranscriptSegment


class TranscriptWriter(Protocol):
    """A transcript file that is written segment by segment."""

    def add(self, segment: TranscriptSegment) -> None:
        """Take the next segment, in order of time."""

    def finish(self, summary: dict[str, Any]) -> Path:
        """Complete the file; `summary` has the fields of `write_transcript` and `duration_s`."""

    def close(self) -> None:
        """Close all files, complete or not; may be called twice."""


@dataclass(frozen=True, slots=True)
class TranscriptFileFormat:
    """`create` makes the writer of the file at a path."""

    content_type: str
    create: Callable[[Path, TranscriptionRequest], TranscriptWriter]
