"""Writes segments to a subtitle file as they come, so that memory does not grow with the recording."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from .cue_splitting import Cue, CueStyle
from .cues import CueStream
from .subtitle_format import SubtitleFormat
from .timed_segment import TimedSegment


class SubtitleWriter:
    """Cuts segments into cues and writes them to `path`."""

    def __init__(self, path: Path, subtitle_format: SubtitleFormat, style: CueStyle | None = None) -> None:
        self._path = path
        self._format = subtitle_format
        self._cues = CueStream(style)
        self._number = 0
        self._file = path.open("w", encoding="utf-8", newline="\n")
        self._file.write(subtitle_format.header)

    def add(self, segment: TimedSegment) -> None:
        """Write the cues that this segment completes."""
        self._write(self._cues.push(segment))

    def finish(self, end_s: float = float("inf")) -> Path:
        """Write the last cue, which ends at `end_s` at the latest, and close the file."""
        self._write(replace(cue, end=max(cue.start + 0.001, min(cue.end, end_s))) for cue in self._cues.finish())
        self.close()
        return self._path

    def close(self) -> None:
        """Close the file, complete or not; may be called twice."""
        self._file.close()

    def _write(self, cues: Iterable[Cue]) -> None:
        for cue in cues:
            self._number += 1
            self._file.write(self._format.write_cue(self._number, cue))
