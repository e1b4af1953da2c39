"""The footnotes and endnotes of a DOCX file, by the number that their references name."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any

from pipelines.text.document import clean_text

from .archive import Archive
from .docx_styles import PART_BYTES, attribute_of
from .safe_xml import local_name, parse_xml

_NOTE_CHARACTERS = 10_000
_KINDS = ("footnote", "endnote")


def read_notes(archive: Archive, main: str) -> dict[str, str]:
    """The texts of the notes by kind and number: "footnote 2"."""
    notes: dict[str, str] = {}
    for kind in _KINDS:
        name = posixpath.join(posixpath.dirname(main), f"{kind}s.xml")
        if name in archive:
            for element in parse_xml(archive.read(name, PART_BYTES), f"The document's {kind}s"):
                if text := clean_text("".join(_texts(element)))[:_NOTE_CHARACTERS]:
                    notes[f"{kind} {attribute_of(element.attrib, 'id')}"] = text
    return notes


def _texts(note: Any) -> Iterator[str]:
    for element in note.iter():
        name = local_name(element)
        if name == "t":
            yield element.text or ""
        elif name in ("p", "tab", "br", "cr"):
            yield " "
