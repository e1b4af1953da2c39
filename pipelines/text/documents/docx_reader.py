"""Reads DOCX as a stream of XML events: heading styles make chapters, paragraphs and table rows are the text.

Without python-docx, whose object tree needs fifty times the memory of the text. Deleted text of tracked changes, field
codes, footnotes, comments and pictures are not spoken.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from pipelines.errors import BadInput, UnreadableInput
from pipelines.pipeline import Limits
from pipelines.text.document import (
    Block,
    Document,
    Heading,
    Paragraph,
    clean_text,
    find_chapter_level,
    insert_chapters,
    split_paragraph,
)

from .archive import Archive
from .safe_xml import PARSER_OPTIONS, declared_entities_error, local_name, parse_xml

_PART_BYTES = 16 << 20
_FEED_BYTES = 1 << 15
_HEADING_NAME = re.compile(r"heading ([1-9])$", re.I)
#: A longer paragraph is passed on in parts.
_TEXT_CHARACTERS = 32_768
#: Elements whose text is skipped; a text box is in the file twice, once as a fallback.
_SKIPPED = frozenset({"Fallback", "del", "moveFrom"})


def read_file(path: Path, limits: Limits) -> Document:
    """A DOCX file as a document. Reads the text twice, first for the heading level of chapters. Raises `BadInput`."""
    with Archive(path, limits) as archive:
        main = _find_main_part(archive)
        levels = _read_heading_levels(archive, main)
        metadata = _read_metadata(archive)
        counts: dict[int, int] = {}
        for block in _blocks(archive, main, levels):
            if isinstance(block, Heading):
                counts[block.level] = counts.get(block.level, 0) + 1
    return Document(
        blocks=insert_chapters(_reopen(path, limits, main, levels), find_chapter_level(counts)),
        title=metadata.get("title"),
        author=metadata.get("creator"),
        language=metadata.get("language"),
    )


def _reopen(path: Path, limits: Limits, main: str, levels: dict[str, int]) -> Iterator[Block]:
    with Archive(path, limits) as archive:
        yield from _blocks(archive, main, levels)


def _find_main_part(archive: Archive) -> str:
    if "_rels/.rels" in archive:
        root = parse_xml(archive.read("_rels/.rels", _PART_BYTES), "The document's relations")
        for element in root.iter():
            if local_name(element) == "Relationship" and (element.get("Type") or "").endswith("/officeDocument"):
                name = posixpath.normpath((element.get("Target") or "").lstrip("/"))
                if name in archive:
                    return name
    if "word/document.xml" in archive:
        return "word/document.xml"
    raise UnreadableInput("This is not a DOCX: it holds no word/document.xml.", field="file")


def _read_heading_levels(archive: Archive, main: str) -> dict[str, int]:
    """Style id → heading level; a title is level 0. Style names are English whatever the language of the program."""
    name = posixpath.join(posixpath.dirname(main), "styles.xml")
    if name not in archive:
        return {f"Heading{level}": level for level in range(1, 10)} | {"Title": 0}
    levels: dict[str, int] = {}
    parents: dict[str, str] = {}
    for style in parse_xml(archive.read(name, _PART_BYTES), "The document's styles").iter():
        if local_name(style) != "style":
            continue
        style_id = _value(style, "styleId")
        for element in style.iter():
            tag, value = local_name(element), _value(element, "val")
            if tag == "name" and (found := _HEADING_NAME.match(value)):
                levels[style_id] = int(found.group(1))
            elif tag == "name" and value.lower() == "title":
                levels[style_id] = 0
            elif tag == "outlineLvl" and value.isdigit() and int(value) < 9:
                levels.setdefault(style_id, int(value) + 1)
            elif tag == "basedOn":
                parents[style_id] = value
    for style_id, parent in parents.items():
        if parent in levels:
            levels.setdefault(style_id, levels[parent])
    return levels


def _read_metadata(archive: Archive) -> dict[str, str]:
    if "docProps/core.xml" not in archive:
        return {}
    root = parse_xml(archive.read("docProps/core.xml", _PART_BYTES), "The document's properties")
    found = {local_name(element): clean_text("".join(element.itertext())) for element in root}
    return {name: text for name, text in found.items() if text}


def _blocks(archive: Archive, main: str, levels: dict[str, int]) -> Iterator[Block]:
    target = _DocxTarget(levels)
    # lxml calls the methods that a target has; types-lxml wants all nine of them.
    parser: Any = etree.XMLParser(target=target, **PARSER_OPTIONS)  # type: ignore[call-overload]
    try:
        for block in archive.blocks(main):
            for start in range(0, len(block), _FEED_BYTES):
                parser.feed(block[start : start + _FEED_BYTES])
                yield from target.take()
        parser.close()
    except etree.XMLSyntaxError as error:
        if "amplification" in str(error) or "depth" in str(error).lower():
            raise BadInput(f"The document is built to exhaust its reader ({error.msg}).", field="file") from error
        raise UnreadableInput(f"The document is damaged: {error.msg}.", field="file") from error
    yield from target.take()


def _value(element: Any, name: str) -> str:
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), "")


class _DocxTarget:
    """Parser target: receives the events of the XML parser and collects blocks."""

    def __init__(self, levels: dict[str, int]) -> None:
        self._levels = levels
        self._ready: list[Block] = []
        self._text: list[str] = []
        self._size = 0
        self._level: int | None = None
        self._continues = False
        self._is_text = False
        self._depth = 0
        self._skip_from: int | None = None
        self._row: list[str] | None = None

    def doctype(self, *_: object) -> None:
        """Refused: Office documents have no document type."""
        raise declared_entities_error("The document")

    def start(self, tag: str, attributes: Any) -> None:
        self._depth += 1
        name = tag.rpartition("}")[2]
        if self._skip_from is not None:
            return
        if name in _SKIPPED:
            self._skip_from = self._depth
        elif name == "t":
            self._is_text = True
        elif name == "p":
            self._end_paragraph()  # a text box is inside a paragraph
        elif name == "pStyle":
            self._level = self._levels.get(_attribute(attributes, "val"), self._level)
        elif name == "outlineLvl" and _attribute(attributes, "val").isdigit():
            level = int(_attribute(attributes, "val"))
            self._level = level + 1 if level < 9 else None
        elif name in ("tab", "br", "cr"):
            self._text.append(" ")
        elif name == "noBreakHyphen":
            self._text.append("-")
        elif name == "tr":
            self._row = []

    def end(self, tag: str) -> None:
        name = tag.rpartition("}")[2]
        if self._skip_from is not None:
            if self._depth <= self._skip_from:
                self._skip_from = None
        elif name == "t":
            self._is_text = False
        elif name == "p":
            self._end_paragraph()
        elif name == "tr" and self._row is not None:
            self._ready += split_paragraph(", ".join(self._row))
            self._row = None
        self._depth -= 1

    def data(self, data: str) -> None:
        if self._is_text and self._skip_from is None:
            self._text.append(data)
            self._size += len(data)
            if self._size > _TEXT_CHARACTERS and self._row is None:
                self._emit_part()

    def close(self) -> None:
        """Called by the parser at the end."""

    def take(self) -> Iterator[Block]:
        """The blocks that were completed since the last call."""
        ready, self._ready = self._ready, []
        return iter(ready)

    def _end_paragraph(self) -> None:
        text = clean_text("".join(self._text))
        level, continues = self._level, self._continues
        self._text, self._size, self._level, self._continues = [], 0, None, False
        if not text:
            return
        if self._row is not None:
            self._row.append(text)
            return
        parts = list(split_paragraph(text))
        if level is not None:
            self._ready.append(Heading(parts.pop(0).text, level))
        for part in parts:
            self._ready.append(Paragraph(part.text, part.continues or continues))
            continues = True

    def _emit_part(self) -> None:
        *whole, last = list(split_paragraph("".join(self._text))) or [Paragraph("")]
        for part in whole:
            self._ready.append(Paragraph(part.text, part.continues or self._continues))
            self._continues = True
        self._text = [last.text, " " if self._text[-1][-1:].isspace() else ""]
        self._size = len(last.text)


def _attribute(attributes: Any, name: str) -> str:
    return next((value for key, value in attributes.items() if key.rpartition("}")[2] == name), "")
