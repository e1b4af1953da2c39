"""Transcript as a Word document: one paragraph for each turn, with its time and its speaker.

Knows python-docx. The document is held in memory until it is saved, about 1.5 MB for an hour of speech.
"""

from __future__ import annotations

import io
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pipelines.errors import UnsupportedOption
from pipelines.requests import TranscriptionRequest
from pipelines.transcript.segment import TranscriptSegment

#: A paragraph ends after a pause, or a length, of so many seconds.
_PAUSE_S = 2.0
_LONGEST_S = 60.0
#: Characters that XML 1.0 does not allow.
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class DocxTranscript:
    """A document that grows by segments. Raises `UnsupportedOption` where python-docx is not installed."""

    def __init__(self, path: Path, request: TranscriptionRequest) -> None:
        if _TEMPLATE is None:
            raise UnsupportedOption("This server does not write DOCX; choose other formats.", field="formats")
        import docx

        self._path = path
        self._has_times = request.timestamps != "none"
        title = request.source_name or "Transcript"
        self._document = docx.Document(io.BytesIO(_TEMPLATE))
        self._document.core_properties.author = ""
        self._document.core_properties.title = _replace_invalid(title)
        self._document.add_heading(_replace_invalid(title), level=1)
        self._turn: list[TranscriptSegment] = []

    def add(self, segment: TranscriptSegment) -> None:
        """See `TranscriptWriter`."""
        if self._turn and _ends_turn(self._turn, segment):
            self._write_turn()
        self._turn.append(segment)

    def finish(self, summary: dict[str, Any]) -> Path:
        """See `TranscriptWriter`."""
        self._write_turn()
        self._document.core_properties.language = summary["language"] or ""
        self._document.save(str(self._path))
        return self._path

    def close(self) -> None:
        """See `TranscriptWriter`."""

    def _write_turn(self) -> None:
        if not self._turn:
            return
        paragraph = self._document.add_paragraph()
        if self._has_times:
            paragraph.add_run(f"{_format_time(self._turn[0].start)}  ").italic = True
        if speaker := self._turn[0].speaker:
            paragraph.add_run(f"{_replace_invalid(speaker)}: ").bold = True
        paragraph.add_run(_replace_invalid(" ".join(segment.text.strip() for segment in self._turn)))
        self._turn = []


def _ends_turn(turn: list[TranscriptSegment], segment: TranscriptSegment) -> bool:
    return (
        segment.speaker != turn[0].speaker
        or segment.start - turn[-1].end > _PAUSE_S
        or segment.end - turn[0].start > _LONGEST_S
    )


def _replace_invalid(text: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", text)


def _format_time(seconds: float) -> str:
    minutes, whole = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{whole:02}"


def _read_template() -> bytes | None:
    """python-docx's empty document, found without importing it."""
    spec = find_spec("docx")
    for location in (spec.submodule_search_locations or []) if spec is not None else []:
        path = Path(location) / "templates" / "default.docx"
        if path.is_file():
            return path.read_bytes()
    return None


#: Read on import: a sandboxed process may not open other files later.
_TEMPLATE = _read_template()
