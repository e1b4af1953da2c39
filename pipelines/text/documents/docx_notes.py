"""The footnotes and endnotes of a DOCX file, by the number that their references name."""

from __future__ import annotations

import posixpath
from typing import Any

from lxml import etree

from pipelines.text.document import Heading, Paragraph, clean_text

from .archive import Archive
from .docx_styles import PART_BYTES, DocxStyles, attribute_of
from .docx_target import DocxTarget
from .reading import Reading
from .safe_xml import parse_xml

_NOTE_CHARACTERS = 10_000
_KINDS = ("footnote", "endnote")


def read_notes(archive: Archive, main: str, styles: DocxStyles, language: str | None = None) -> dict[str, str]:
    """The texts of the notes by kind and number: "footnote 2". `language`: of the document (BCP 47)."""
    notes: dict[str, str] = {}
    for kind in _KINDS:
        name = posixpath.join(posixpath.dirname(main), f"{kind}s.xml")
        if name in archive:
            for element in parse_xml(archive.read(name, PART_BYTES), f"The document's {kind}s"):
                if isinstance(element.tag, str) and (text := _read_note(element, styles, language)[:_NOTE_CHARACTERS]):
                    notes[f"{kind} {attribute_of(element.attrib, 'id')}"] = text
    return notes


def _read_note(note: Any, styles: DocxStyles, language: str | None) -> str:
    """The text of a note, which is read as that of the document is."""
    target = DocxTarget(styles, Reading(language=language))
    for event, element in etree.iterwalk(note, events=("start", "end")):
        if event == "start":
            target.start(element.tag, element.attrib)
            target.data(element.text or "")
        else:
            target.end(element.tag)
    target.close()
    return clean_text(" ".join(block.text for block in target.take() if isinstance(block, Heading | Paragraph)))
