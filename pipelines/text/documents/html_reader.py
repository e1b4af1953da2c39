"""Reads HTML files, twice: first for title, language and the heading level of chapters, then for the text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipelines.pipeline import Limits
from pipelines.text.document import Block, Document, clean_text, find_chapter_level, insert_chapters

from .block_output import join_broken_words
from .encoding import BLOCK_BYTES, limit_text, read_blocks
from .gutenberg import read_page_title
from .gutenberg_blocks import skip_boilerplate_blocks
from .html_blocks import parse_html
from .html_page import Page, PageMetadata
from .page_encoding import decode_page
from .reading import DEFAULT_OPTIONS, Reading, ReadingOptions

#: A page may be this many times longer than the longest text of a job.
_MARKUP_FACTOR = 5


def read_file(path: Path, limits: Limits, options: ReadingOptions = DEFAULT_OPTIONS) -> Document:
    """An HTML file as a document. Raises `UnreadableInput` and what `parse_html` raises."""
    metadata, warnings = PageMetadata(), list[str]()
    reading = Reading(options)
    for _ in parse_html(_read_text(path, limits, options), metadata, reading=reading):
        pass
    reading.finish_collecting()
    level = find_chapter_level(metadata.heading_counts)

    def blocks() -> Iterator[Block]:
        page = Page(reads_main_only=metadata.is_main_the_text)
        pieces = _read_text(path, limits, options)
        found = skip_boilerplate_blocks(parse_html(pieces, page=page, reading=reading), reading)
        yield from insert_chapters(join_broken_words(found), level)
        warnings.extend(reading.warnings())

    record = read_page_title(clean_text(metadata.title or ""))
    return Document(
        blocks=blocks(),
        title=record.title or None,
        author=clean_text(metadata.author or "") or record.author,
        language=metadata.language,
        warnings=warnings,
    )


def _read_text(path: Path, limits: Limits, options: ReadingOptions) -> Iterator[str]:
    maximum = _MARKUP_FACTOR * limits.text_characters
    most = 4 * maximum + BLOCK_BYTES
    pieces = decode_page(lambda: read_blocks(path), most, encoding=options.encoding, language=options.language)
    return limit_text(pieces, maximum)
