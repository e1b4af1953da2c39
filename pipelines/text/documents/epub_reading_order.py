"""Finds the pages of a book in the order in which they are read: without pictures and tables of contents."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from pipelines.text.document import Paragraph, is_speakable

from .archive import Archive
from .epub_content import PAGE_BYTES, BookContent
from .epub_package import BookFile, Package
from .html_blocks import parse_html
from .html_page import Page, PageMetadata
from .html_rules import Omission
from .linked_contents import is_page_of_links
from .reading import Reading

_XHTML = "application/xhtml+xml"
_PAGE_TYPES = frozenset([_XHTML, "text/html", "image/svg+xml", "application/x-dtbook+xml", "text/x-oeb1-document", ""])
#: How pages begin that the manifest calls something else.
_MARKUP = re.compile(rb"<(?:(?:[\w.-]+:)?html|body|h[1-6]|p|div|section)[\s>]", re.I)
_MARKUP_WITHIN = 1024
#: The first bytes of pictures, sound and fonts, whatever the manifest calls them.
_BINARY = re.compile(rb"\x89PNG|\xff\xd8\xff|GIF8|RIFF|%PDF|OTTO|wOF[F2]|PK\x03\x04|\x00\x01\x00\x00|ID3")
_MAX_FALLBACKS = 8
#: A longer paragraph is no entry of a table of contents.
_MAX_ENTRY_CHARACTERS = 200
#: A page with fewer links, or with more bytes for each, is no table of contents that nothing names.
_LEAST_LINKS, _BYTES_PER_LINK = 3, 1_000
_LINK = re.compile(rb"\bhref\s*=", re.I)


class ReadingOrder:
    """The pages in the spine of a package. `skipped`: pages that are not read, as far as they were passed."""

    def __init__(
        self, archive: Archive, package: Package, content: BookContent, reading: Reading, warnings: list[str]
    ) -> None:
        self._archive, self._package, self._content = archive, package, content
        self._reading, self._warnings = reading, warnings
        self.skipped: Counter[str] = Counter()

    def pages(self, *, reads_notes: bool = False) -> Iterator[BookFile]:
        """The files to read, each once; `reads_notes`: also those outside of the reading order, which hold notes."""
        done: set[str] = set()
        reads_all = reads_notes or not any(page.is_linear for page in self._package.spine)
        for page in self._package.spine:
            item = self._package.items.get(page.item_id)
            readable = self._find_readable(item) if item is not None else None
            if item is None or (readable is None and item.name not in self._archive):
                if not reads_notes:
                    name = item.name if item else page.item_id
                    self._warnings.append(f"A page of the book is missing: {name[:100]}.")
                continue
            if not (page.is_linear or reads_all):
                self.skipped[Omission.OUTSIDE_PAGE] += 1
                continue
            if readable is not None and self._is_contents(readable):
                # That of an EPUB 3 is no text of the book.
                self.skipped[Omission.CONTENTS_PAGE] += "nav" not in readable.properties
                continue
            if readable is None:
                self.skipped[Omission.PICTURE_PAGE] += 1
            elif readable.name not in done:
                done.add(readable.name)
                yield readable
        if reads_notes or self._reading.options.notes == "end":
            yield from self._note_pages(done, reads_all=reads_notes)

    def _note_pages(self, done: set[str], *, reads_all: bool) -> Iterator[BookFile]:
        """Pages that the reading order leaves out and that hold notes; `reads_all`: or may hold some."""
        outside = {page.item_id for page in self._package.spine if not page.is_linear}
        referred = {address.partition("#")[0] for address in self._reading.note_addresses}
        for item_id, item in self._package.items.items():
            if item.media_type != _XHTML or item.name in done or "nav" in item.properties:
                continue
            if (reads_all or item.name in referred) and item.name in self._archive:
                done.add(item.name)
                if item_id in outside and not reads_all:
                    self.skipped[Omission.OUTSIDE_PAGE] -= 1
                yield item

    def _find_readable(self, item: BookFile) -> BookFile | None:
        """The file, or the one that stands in for it where it is no text; None where there is none."""
        found: BookFile | None = item
        for _ in range(_MAX_FALLBACKS):
            if found is None:
                return None
            if found.name in self._archive:
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
        blocks = parse_html(
            self._content.read_text(item.name), metadata, page, Reading(language=self._reading.language)
        )
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
            if size > PAGE_BYTES:
                return False
        return links >= _LEAST_LINKS and size < _BYTES_PER_LINK * (links + _LEAST_LINKS)
