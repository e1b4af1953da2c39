"""A transcript as a Word document: one paragraph for each turn, with its time and its speaker.

Knows python-docx; nothing of requests. The document is held in memory until it is saved, about 1.5 MB an hour of talk.
"""

from __future__ import annotations

import io
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pipelines.errors import UnsupportedOption
from pipelines.transcript.part_file import Segment

#: A turn ends after a pause or a length of so many seconds.
_PAUSE_S = 2.0
_LONGEST_S = 60.0
#: What XML 1.0 has no way to write.
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class DocxFile:
    """Grows by one segment after the other. Raises `UnsupportedOption` where python-docx is not installed."""

    def __init__(self, path: Path, *, title: str, timed: bool) -> None:
        if _TEMPLATE is None:
            raise UnsupportedOption("DOCX is not installed here: pip install 'voicemill[text]'.", field="formats")
        import docx

        self._path = path
        self._timed = timed
        self._document = docx.Document(io.BytesIO(_TEMPLATE))
        self._document.core_properties.author = ""
        self._document.core_properties.title = _written(title)
        self._document.add_heading(_written(title), level=1)
        self._turn: list[Segment] = []

    def add(self, segment: Segment) -> None:
        """Take the next segment."""
        if self._turn and _ends(self._turn, segment):
            self._write_turn()
        self._turn.append(segment)

    def finish(self, summary: dict[str, Any]) -> Path:
        """Save the document."""
        self._write_turn()
        self._document.core_properties.language = summary["language"] or ""
        self._document.save(str(self._path))
        return self._path

    def _write_turn(self) -> None:
        if not self._turn:
            return
        paragraph = self._document.add_paragraph()
        if self._timed:
            paragraph.add_run(f"{_clock(self._turn[0]['start'])}  ").italic = True
        if speaker := self._turn[0].get("speaker"):
            paragraph.add_run(f"{_written(speaker)}: ").bold = True
        paragraph.add_run(_written(" ".join(segment["text"].strip() for segment in self._turn)))
        self._turn = []


def _ends(turn: list[Segment], segment: Segment) -> bool:
    return (
        segment.get("speaker") != turn[0].get("speaker")
        or segment["start"] - turn[-1]["end"] > _PAUSE_S
        or segment["end"] - turn[0]["start"] > _LONGEST_S
    )


def _written(text: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", text)


def _clock(seconds: float) -> str:
    minutes, whole = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{whole:02}"


def _template() -> bytes | None:
    """python-docx's empty document, found without importing it."""
    spec = find_spec("docx")
    for location in (spec.submodule_search_locations or []) if spec is not None else []:
        path = Path(location) / "templates" / "default.docx"
        if path.is_file():
            return path.read_bytes()
    return None


#: Read with the code: a process that opens user bytes may be allowed to read nothing else by then.
_TEMPLATE = _template()
