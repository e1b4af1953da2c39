"""Reads DOCX: heading styles make chapters; docx_target.py reads the paragraphs and the rows of tables.

Without python-docx, whose object tree needs fifty times the memory of the text. Deleted text of tracked changes, field
codes, comments and pictures are not spoken; footnotes and endnotes as the request asks.
"""

from __future__ import annotations

import posixpath
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
    clean_text,
    find_chapter_level,
    insert_chapters,
)

from .archive import Archive
from .chapter_titles import find_headings
from .docx_notes import read_notes
from .docx_styles import PART_BYTES, DocxStyles, read_styles
from .docx_target import DocxTarget
from .reading import DEFAULT_OPTIONS, Reading, ReadingOptions
from .safe_xml import PARSER_OPTIONS, local_name, parse_xml

_FEED_BYTES = 1 << 15


def read_file(path: Path, limits: Limits, options: ReadingOptions = DEFAULT_OPTIONS) -> Document:
    """A DOCX file as a document. Reads the text twice, first for the heading level of chapters. Raises `BadInput`."""
    with Archive(path, limits) as archive:
        main = _find_main_part(archive)
        styles = read_styles(archive, main)
        metadata = _read_metadata(archive)
        target = DocxTarget(styles, Reading(options))
        counts: dict[int, int] = {}
        for block in _blocks(archive, main, target):
            if isinstance(block, Heading):
                counts[block.level] = counts.get(block.level, 0) + 1
        reading = Reading(options, metadata.get("language") or _main_language(target, styles))
        notes = {} if options.notes == "skip" else read_notes(archive, main, styles, reading.language)
    warnings: list[str] = []

    def blocks() -> Iterator[Block]:
        with Archive(path, limits) as archive:
            level = find_chapter_level(counts)
            body = _blocks(archive, main, DocxTarget(styles, reading, notes, level))
            # A title alone divides nothing.
            yield from insert_chapters(body if any(counts) else find_headings(body), max(level, not any(counts)))
        warnings.extend(reading.warnings())

    return Document(
        blocks=blocks(),
        title=metadata.get("title"),
        author=metadata.get("creator"),
        language=reading.language,
        warnings=warnings,
    )


def _main_language(target: DocxTarget, styles: DocxStyles) -> str | None:
    """The language of most of the text."""
    languages = target.characters.most_common(1)
    return (languages[0][0] if languages else "") or styles.defaults.language


def _find_main_part(archive: Archive) -> str:
    if "_rels/.rels" in archive:
        root = parse_xml(archive.read("_rels/.rels", PART_BYTES), "The document's relations")
        for element in root.iter():
            if local_name(element) == "Relationship" and (element.get("Type") or "").endswith("/officeDocument"):
                name = posixpath.normpath((element.get("Target") or "").lstrip("/"))
                if name in archive:
                    return name
    if "word/document.xml" in archive:
        return "word/document.xml"
    raise UnreadableInput("This is not a DOCX: it holds no word/document.xml.", field="file")


def _read_metadata(archive: Archive) -> dict[str, str]:
    if "docProps/core.xml" not in archive:
        return {}
    root = parse_xml(archive.read("docProps/core.xml", PART_BYTES), "The document's properties")
    found = {local_name(element): clean_text("".join(element.itertext())) for element in root}
    return {name: text for name, text in found.items() if text}


def _blocks(archive: Archive, main: str, target: DocxTarget) -> Iterator[Block]:
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
