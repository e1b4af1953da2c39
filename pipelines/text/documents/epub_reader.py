"""Reads EPUB 2 and 3: order of the pages from the spine, chapters from the navigation, metadata from the package.

Damaged books are read as far as possible: a missing page, navigation or cover is skipped with a warning.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from pipelines.errors import UnreadableInput
from pipelines.pipeline import Limits
from pipelines.text.document import Block, Chapter, Document, Heading, Paragraph, clean_text, is_speakable
from pipelines.text.lines import breaks_off
from pipelines.text.pronunciation.lexicon import Lexicon

from .archive import Archive
from .block_output import join_broken_words
from .chapter_titles import find_title
from .epub_cover import read_cover
from .epub_navigation import ChapterTitles, join_titles, read_chapter_titles
from .epub_package import PACKAGE_BYTES, BookFile, Package, read_package
from .gutenberg_blocks import skip_boilerplate_blocks
from .html_blocks import parse_html
from .html_page import Page, PageMetadata
from .html_rules import Omission
from .html_stripping import strip_constructs
from .linked_contents import is_page_of_links
from .page_encoding import decode_page
from .pronunciation_lexicon import read_lexicon
from .reading import DEFAULT_OPTIONS, Reading, ReadingOptions
from .references import resolve_reference
from .safe_xml import local_name, parse_xml

_PAGE_TYPES = frozenset(
    ["application/xhtml+xml", "text/html", "image/svg+xml", "application/x-dtbook+xml", "text/x-oeb1-document", ""]
)
#: How pages begin that the manifest calls something else.
_MARKUP = re.compile(rb"<html[\s>]", re.I)
_MARKUP_WITHIN = 1024
#: The first bytes of pictures, sound and fonts, whatever the manifest calls them.
_BINARY = re.compile(rb"\x89PNG|\xff\xd8\xff|GIF8|RIFF|%PDF|OTTO|wOF[F2]|PK\x03\x04|\x00\x01\x00\x00|ID3")
_MAX_FALLBACKS = 8
#: A longer paragraph is no entry of a table of contents.
_MAX_ENTRY_CHARACTERS = 200
#: Bytes of a page of which the encoding is looked for.
_PAGE_BYTES = 1 << 22
_LEXICON_BYTES = 4 << 20
_STYLE_SHEET_BYTES = 4 << 20
_MAX_STYLE_SHEETS = 100
#: A page with fewer links, or with more bytes for each, is no table of contents that nothing names.
_LEAST_LINKS, _BYTES_PER_LINK = 3, 1_000
_LINK = re.compile(rb"\bhref\s*=", re.I)


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
        self._skipped: Counter[str] = Counter()
        #: By the names of their files.
        self._lexicons: dict[str, Lexicon] = {}
        self._style_sheets: dict[str, str] = {}

    def blocks(self) -> Iterator[Block]:
        """All blocks. Raises `UnreadableInput` for a book of pictures."""
        has_text = False
        with self._archive:
            if self._reading.options.notes == "inline":
                self._collect_notes()
            for block in join_broken_words(skip_boilerplate_blocks(self._read_pages(), self._reading)):
                has_text = has_text or (not isinstance(block, Chapter) and is_speakable(block.text))
                yield block
        pictures = self._skipped[Omission.PICTURE_PAGE] + self._reading.pictures
        if not has_text and pictures:
            raise UnreadableInput(
                f"The book has pictures alone ({pictures}) and no text to read. Text in pictures has to be recognised "
                "first, by a program for OCR.",
                field="file",
            )
        self._reading.omissions += self._skipped
        self._warnings += self._reading.warnings()

    def _read_pages(self) -> Iterator[Block]:
        pages = {page.name for page in self._package.items.values()}
        has_chapters = not pages.isdisjoint(self._titles)
        before = ""
        for item in self._pages():
            blocks = self._read_page(item)
            for number, block in enumerate(_join_chapters(blocks) if has_chapters else _begin_with_heading(blocks)):
                if not isinstance(block, Paragraph):
                    before = ""
                    yield block
                    continue
                goes_on = number == 0 and breaks_off(before) and block.text[0].islower()
                before = block.text
                yield replace(block, continues=True) if goes_on else block

    def _pages(self, *, reads_notes: bool = False) -> Iterator[BookFile]:
        """The files to read, each once; `reads_notes`: also those outside of the reading order, which hold notes."""
        done: set[str] = set()
        reads_all = reads_notes or not any(page.is_linear for page in self._package.spine)
        for page in self._package.spine:
            item = self._package.items.get(page.item_id)
            if item is None or item.name not in self._archive:
                if not reads_notes:
                    name = item.name if item else page.item_id
                    self._warnings.append(f"A page of the book is missing: {name[:100]}.")
                continue
            if not (page.is_linear or reads_all):
                self._skipped[Omission.OUTSIDE_PAGE] += 1
                continue
            readable = self._find_readable(item)
            if readable is not None and self._is_contents(readable):
                # That of an EPUB 3 is no text of the book.
                self._skipped[Omission.CONTENTS_PAGE] += "nav" not in readable.properties
                continue
            if readable is None:
                self._skipped[Omission.PICTURE_PAGE] += 1
            elif readable.name not in done:
                done.add(readable.name)
                yield readable

    def _find_readable(self, item: BookFile) -> BookFile | None:
        """The file, or the one that stands in for it where it is no text; None where there is none."""
        found: BookFile | None = item
        for _ in range(_MAX_FALLBACKS):
            if found is None or found.name not in self._archive:
                return None
            first = next(self._archive.blocks(found.name), b"")
            is_page = found.media_type in _PAGE_TYPES or _MARKUP.search(first[:_MARKUP_WITHIN])
            if is_page and not _BINARY.match(first):
                return found
            found = self._package.items.get(found.fallback or "")
        return None

    def _is_contents(self, item: BookFile) -> bool:
        """Whether a page that is called the table of contents is nothing else; some books have all text in it."""
        package = self._package
        is_navigation = "nav" in item.properties
        is_named = is_navigation or item.name == package.guide.get("toc")
        if not is_named and not self._has_many_links(item):
            return False
        metadata, page = PageMetadata(), Page(item.name, media_type=item.media_type)
        blocks = parse_html(self._read_text(item.name), metadata, page, Reading(language=self._reading.language))
        if not is_named:
            for _ in blocks:
                pass
            return is_page_of_links(metadata)
        shortest = 0 if is_navigation or package.is_toc_within_page else _MAX_ENTRY_CHARACTERS
        texts = [len(block.text) for block in blocks if isinstance(block, Paragraph) and is_speakable(block.text)]
        return max(texts, default=0) <= shortest or 2 * metadata.linked_characters > metadata.characters

    def _has_many_links(self, item: BookFile) -> bool:
        size = links = 0
        for block in self._archive.blocks(item.name):
            size += len(block)
            links += len(_LINK.findall(block))
            if size > _PAGE_BYTES:
                return False
        return links >= _LEAST_LINKS and size < _BYTES_PER_LINK * (links + _LEAST_LINKS)

    def _read_page(self, item: BookFile) -> Iterator[Block]:
        titles = dict(self._titles.get(item.name, {}))
        fragments = {name: title for name, title in titles.items() if name}
        for name in fragments.keys() - self._find_ids(item, fragments.keys()):
            # The place that an entry names does not exist: its chapter begins with the page.
            title = fragments.pop(name)
            titles[""] = titles.get("") or title
        if "" in titles:
            yield Chapter(titles[""])
        yield from self._parse(item, fragments)

    def _parse(self, item: BookFile, anchors: Mapping[str, str]) -> Iterator[Block]:
        page = Page(item.name, anchors, item.media_type, self._open_lexicon, self._open_style_sheet)
        return parse_html(self._read_text(item.name), page=page, reading=self._reading)

    def _read_text(self, name: str) -> Iterator[str]:
        """The characters of a page; the request's encoding is for pages that are not UTF-8 and have no mark."""
        return decode_page(
            lambda: self._archive.blocks(name),
            _PAGE_BYTES,
            fallback=self._reading.options.encoding,
            language=self._reading.language,
        )

    def _open_lexicon(self, name: str) -> Lexicon:
        if name not in self._lexicons:
            words: Mapping[str, str] = {}
            try:
                words = read_lexicon(self._archive.read(name, _LEXICON_BYTES))
            except (UnreadableInput, KeyError):
                self._warnings.append(f"A pronunciation lexicon of the book could not be read: {name[:100]}.")
            self._lexicons[name] = Lexicon(words)
        return self._lexicons[name]

    def _open_style_sheet(self, name: str) -> str:
        if name not in self._style_sheets:
            # Without it the page is shown as well, and read in full.
            has_room = name in self._archive and len(self._style_sheets) < _MAX_STYLE_SHEETS
            data = self._archive.read(name, _STYLE_SHEET_BYTES) if has_room else b""
            self._style_sheets[name] = data.decode("utf-8", "replace")
        return self._style_sheets[name]

    def _find_ids(self, item: BookFile, wanted: Collection[str]) -> set[str]:
        """Those of the wanted ids that the page has."""
        if not wanted:
            return set()
        names = "|".join(re.escape(name) for name in sorted(wanted, key=len, reverse=True))
        pattern = re.compile(rf"""(?:\bid|(?<!<meta )\bname)\s*=\s*["']?({names})(?=["'\s>])""")
        found: set[str] = set()
        tail = ""
        for text in strip_constructs(self._read_text(item.name)):
            found.update(pattern.findall(tail + text))
            tail = text[-300:]
        return found

    def _collect_notes(self) -> None:
        """Read all pages once for the texts of notes, which are read where they are referred to."""
        for item in self._pages(reads_notes=True):
            for _ in self._parse(item, {}):
                pass
        self._reading.finish_collecting()
        self._skipped.clear()


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
