"""DOCX as a stream of events: heading styles divide it, paragraphs and table rows are its text.

By hand, because a library that builds the document as objects holds fifty times its text. Deleted text of tracked
changes, field codes, footnotes, comments and pictures are not spoken.
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
    chapter_level,
    chapters_from_headings,
    clean,
    paragraphs,
)

from .archive import Archive
from .safe_xml import OPTIONS, entities_declared, local_name, parse

_PART_BYTES = 16 << 20
_FEED_BYTES = 1 << 15
_HEADING_NAME = re.compile(r"heading ([1-9])$", re.I)
#: A paragraph is handed on in parts from here.
_TEXT_CHARACTERS = 32_768
#: Elements whose text is not the document's: a text box stands in the file twice.
_SKIPPED = frozenset({"Fallback", "del", "moveFrom"})


def read_file(path: Path, limits: Limits) -> Document:
    """A DOCX as a document; walks its text once before, to learn which headings divide it. Raises `BadInput`."""
    with Archive(path, limits) as archive:
        main = _main_part(archive)
        levels = _style_levels(archive, main)
        facts = _facts(archive)
        counts: dict[int, int] = {}
        for block in _blocks(archive, main, levels):
            if isinstance(block, Heading):
                counts[block.level] = counts.get(block.level, 0) + 1
    return Document(
        blocks=chapters_from_headings(_reopened(path, limits, main, levels), chapter_level(counts)),
        title=facts.get("title"),
        author=facts.get("creator"),
        language=facts.get("language"),
    )


def _reopened(path: Path, limits: Limits, main: str, levels: dict[str, int]) -> Iterator[Block]:
    with Archive(path, limits) as archive:
        yield from _blocks(archive, main, levels)


def _main_part(archive: Archive) -> str:
    if "_rels/.rels" in archive:
        root = parse(archive.read("_rels/.rels", _PART_BYTES), "The document's relations")
        for element in root.iter():
            if local_name(element) == "Relationship" and (element.get("Type") or "").endswith("/officeDocument"):
                name = posixpath.normpath((element.get("Target") or "").lstrip("/"))
                if name in archive:
                    return name
    if "word/document.xml" in archive:
        return "word/document.xml"
    raise UnreadableInput("This is not a DOCX: it holds no word/document.xml.", field="file")


def _style_levels(archive: Archive, main: str) -> dict[str, int]:
    """Style id → heading level; a title is level 0. Styles are named in English whatever the program's language."""
    name = posixpath.join(posixpath.dirname(main), "styles.xml")
    if name not in archive:
        return {f"Heading{level}": level for level in range(1, 10)} | {"Title": 0}
    levels: dict[str, int] = {}
    parents: dict[str, str] = {}
    for style in parse(archive.read(name, _PART_BYTES), "The document's styles").iter():
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


def _facts(archive: Archive) -> dict[str, str]:
    if "docProps/core.xml" not in archive:
        return {}
    root = parse(archive.read("docProps/core.xml", _PART_BYTES), "The document's properties")
    found = {local_name(element): clean("".join(element.itertext())) for element in root}
    return {name: text for name, text in found.items() if text}


def _blocks(archive: Archive, main: str, levels: dict[str, int]) -> Iterator[Block]:
    target = _Target(levels)
    parser: Any = etree.XMLParser(target=target, **OPTIONS)  # type: ignore[call-overload]
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


class _Target:
    """Receives the parser's events and collects blocks."""

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
        """Office documents have none."""
        raise entities_declared("The document")

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
            self._end_paragraph()  # a text box stands inside a paragraph
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
            self._ready += paragraphs(", ".join(self._row))
            self._row = None
        self._depth -= 1

    def data(self, data: str) -> None:
        if self._is_text and self._skip_from is None:
            self._text.append(data)
            self._size += len(data)
            if self._size > _TEXT_CHARACTERS and self._row is None:
                self._hand_on_part()

    def close(self) -> None:
        """The parser is done."""

    def take(self) -> Iterator[Block]:
        """The blocks that are whole so far."""
        ready, self._ready = self._ready, []
        return iter(ready)

    def _end_paragraph(self) -> None:
        text = clean("".join(self._text))
        level, continues = self._level, self._continues
        self._text, self._size, self._level, self._continues = [], 0, None, False
        if not text:
            return
        if self._row is not None:
            self._row.append(text)
            return
        parts = list(paragraphs(text))
        if level is not None:
            self._ready.append(Heading(parts.pop(0).text, level))
        for part in parts:
            self._ready.append(Paragraph(part.text, part.continues or continues))
            continues = True

    def _hand_on_part(self) -> None:
        *whole, last = list(paragraphs("".join(self._text))) or [Paragraph("")]
        for part in whole:
            self._ready.append(Paragraph(part.text, part.continues or self._continues))
            self._continues = True
        self._text = [last.text, " " if self._text[-1][-1:].isspace() else ""]
        self._size = len(last.text)


def _attribute(attributes: Any, name: str) -> str:
    return next((value for key, value in attributes.items() if key.rpartition("}")[2] == name), "")
