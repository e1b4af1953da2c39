"""Transcripts in the subtitle formats of pipelines/subtitles, in the style that the request asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines.requests import TranscriptionRequest
from pipelines.subtitles.cue_splitting import CueStyle
from pipelines.subtitles.subtitle_format import SubtitleFormat
from pipelines.subtitles.writer import SubtitleWriter
from pipelines.transcript.segment import TranscriptSegment


class SubtitleTranscript:
    """A subtitle file as a transcript."""

    def __init__(self, path: Path, request: TranscriptionRequest, subtitle_format: SubtitleFormat) -> None:
        style = CueStyle(
            columns=request.max_line_length,
            lines=request.max_lines,
            characters_per_s=request.max_chars_per_second,
            show_speakers=request.speakers_in_subtitles,
            speaker_in_text=not subtitle_format.has_speaker_field,
        )
        self._writer = SubtitleWriter(path, subtitle_format, style)

    def add(self, segment: TranscriptSegment) -> None:
        """See `TranscriptWriter`."""
        self._writer.add(segment)

    def finish(self, summary: dict[str, Any]) -> Path:
        """See `TranscriptWriter`."""
        return self._writer.finish()

    def close(self) -> None:
        """See `TranscriptWriter`."""
        self._writer.close()
