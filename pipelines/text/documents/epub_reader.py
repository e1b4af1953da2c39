"""Reads EPUB 2 and 3: order of the pages from the spine, chapters from the navigation, metadata from the package.

Damaged books are read as far as possible: a missing page, navigation or cover is skipped with a warning.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from pipelines.errors import UnreadableInput
from pipelines.pipeline import Limits
from pipelines.text.document import Block, Chapter, Document, Heading, Paragraph, clean_text, is_speakable
from pipelines.text.lines import breaks_off

from .archive import Archive
from .block_output import join_broken_words
from .chapter_titles import find_title
from .epub_content import BookContent
from .epub_cover import read_cover
from .epub_navigation import ChapterTitles, join_titles, read_chapter_titles
from .epub_package import PACKAGE_BYTES, BookFile, Package, read_package
from .epub_reading_order import ReadingOrder
from .gutenberg_blocks import skip_boilerplate_blocks
from .html_blocks import parse_html
from .html_page import Page
from .html_rules import Omission
from .html_stripping import strip_constructs
from .reading import DEFAULT_OPTIONS, Reading, ReadingOptions
from .references import resolve_reference
from .safe_xml import local_name, parse_xml


def read_file(path: Path, limits: Limits, options: ReadingOptions = DEFAULT_OPTIONS) -> Document:
    """An EPUB file as a document; the archive is closed behind the last block. Raises `BadInput` and its subclasses."""
    archive = Archive(path, limits)
    warnings: list[str] = []
    try:
        package = read_package(archive)
        _refuse_encrypted(archive, package)
        titles = read_chapter_titles(archive, package, warnings)
        cover = read_cover(archive, package, warnings)
    except BaseException:
        archive.close()
        raise
    book = _Book(archive, package, titles, Reading(options, package.language), warnings)
    return Document(
        blocks=book.blocks(),
        title=package.title,
        author=package.author,
        language=package.language,
        cover=cover,
        warnings=warnings,
    )


def _refuse_encrypted(archive: Archive, package: Package) -> None:
    """Raises `UnreadableInput` for encrypted pages, which are copy protection. Obfuscated fonts are harmless."""
    if "META-INF/sinf.xml" in archive:
        raise _copy_protected()
    if "META-INF/encryption.xml" not in archive:
        return
    root = parse_xml(archive.read("META-INF/encryption.xml", PACKAGE_BYTES), "The book's encryption file")
    encrypted = {
        archive.find_name(resolve_reference(base, element.get("URI")))
        for element in root.iter()
        for base in ("", package.name)
        if local_name(element) == "CipherReference" and element.get("URI")
    }
    if any(page.item_id in package.items and package.items[page.item_id].name in encrypted for page in package.spine):
        raise _copy_protected()


def _copy_protected() -> UnreadableInput:
    return UnreadableInput("The book is copy-protected (DRM); only unprotected books can be read.", field="file")


class _Book:
    """Reads the pages of a book in order."""

    def __init__(
        self, archive: Archive, package: Package, titles: ChapterTitles, reading: Reading, warnings: list[str]
    ) -> None:
        self._archive, self._package, self._titles = archive, package, titles
        self._reading, self._warnings = reading, warnings
        self._content = BookContent(archive, reading, warnings)
        self._order = ReadingOrder(archive, package, self._content, reading, warnings)

    def blocks(self) -> Iterator[Block]:
        """All blocks. Raises `UnreadableInput` for a book of pictures."""
        has_text = False
        with self._archive:
            if self._reading.options.notes == "inline":
                self._collect_notes()
            for block in join_broken_words(skip_boilerplate_blocks(self._read_pages(), self._reading)):
                has_text = has_text or (not isinstance(block, Chapter) and is_speakable(block.text))
                yield block
        pictures = self._order.skipped[Omission.PICTURE_PAGE] + self._reading.pictures
        if not has_text and pictures:
            raise UnreadableInput(
                f"The book has pictures alone ({pictures}) and no text to read. Text in pictures has to be recognised "
                "first, by a program for OCR.",
                field="file",
            )
        self._reading.omissions += self._order.skipped
        self._warnings += self._reading.warnings()

    def _read_pages(self) -> Iterator[Block]:
        pages = {page.name for page in self._package.items.values()}
        has_chapters = not pages.isdisjoint(self._titles)
        before = ""
        for item in self._order.pages():
            blocks = self._read_page(item)
            for number, block in enumerate(_join_chapters(blocks) if has_chapters else _begin_with_heading(blocks)):
                if not isinstance(block, Paragraph):
                    before = ""
                    yield block
                    continue
                goes_on = number == 0 and breaks_off(before) and block.text[0].islower()
                before = block.text
                yield replace(block, continues=True) if goes_on else block

    def _read_page(self, item: BookFile) -> Iterator[Block]:
        titles = dict(self._titles.get(item.name, {}))
        fragments = {name: title for name, title in titles.items() if name}
        found = self._find_ids(item, fragments.keys())
        for name in [name for name in fragments if name not in found]:
            # The place that an entry names does not exist: its chapter begins with the page.
            title = fragments.pop(name)
            titles[""] = titles.get("") or title
        if "" in titles:
            yield Chapter(titles[""])
        yield from self._parse(item, fragments)

    def _parse(self, item: BookFile, anchors: Mapping[str, str]) -> Iterator[Block]:
        page = Page(item.name, anchors, item.media_type, self._content.open_lexicon, self._content.open_style_sheet)
        return parse_html(self._content.read_text(item.name), page=page, reading=self._reading)

    def _find_ids(self, item: BookFile, wanted: Collection[str]) -> set[str]:
        """Those of the wanted ids that the page has."""
        if not wanted:
            return set()
        names = "|".join(re.escape(name) for name in sorted(wanted, key=len, reverse=True))
        pattern = re.compile(rf"""(?:\bid|(?<!<meta )\bname)\s*=\s*["']?({names})(?=["'\s>])""")
        found: set[str] = set()
        tail = ""
        for text in strip_constructs(self._content.read_text(item.name)):
            found.update(pattern.findall(tail + text))
            tail = text[-300:]
        return found

    def _collect_notes(self) -> None:
        """Read all pages once for the texts of notes, which are read where they are referred to."""
        for item in self._order.pages(reads_notes=True):
            for _ in self._parse(item, {}):
                pass
        self._reading.finish_collecting()
        self._order.skipped.clear()


def _join_chapters(blocks: Iterator[Block]) -> Iterator[Block]:
    """The blocks of a page, with one chapter where several begin before any text: "Part One – Chapter 1"."""
    opened: Chapter | None = None
    for block in blocks:
        if isinstance(block, Chapter):
            opened = block if opened is None else Chapter(join_titles(opened.title, block.title))
            continue
        if opened is not None:
            yield opened
            opened = None
        yield block
    if opened is not None:
        yield opened


def _begin_with_heading(blocks: Iterator[Block]) -> Iterator[Block]:
    """In a book without navigation, a page that begins with a heading or a title begins a chapter."""
    for number, block in enumerate(blocks):
        if number == 0 and isinstance(block, Heading):
            yield Chapter(clean_text(block.text))
        elif number == 0 and isinstance(block, Paragraph) and find_title([block.text]) is not None:
            yield Chapter(clean_text(block.text))
            yield Heading(block.text)
            continue
        yield block
