"""Parses HTML and XHTML into a stream of blocks, in flat memory: libxml2 parses piece by piece, without a tree.

(A tree of a 36 MB page takes 570 MB, and a page nested 100,000 deep ten seconds.) Elements that are not spoken are
skipped: scripts, styles, menus, footnote marks. `<br>` separates words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from pipelines.errors import BadInput, UnreadableInput
from pipelines.text.document import HORIZONTAL_RULE, Block, Chapter, Heading, Paragraph, split_paragraph

from .html_stripping import strip_constructs

#: Open elements at once; real pages have less than fifty.
MAX_DEPTH = 2_000
#: Tags times open elements, over the whole page: a real one of 20 million characters has less than a tenth of it.
_MAX_WORK = 300_000_000
_FEED_CHARACTERS = 1 << 15
#: A longer paragraph is passed on in parts.
_TEXT_CHARACTERS = 16_384


def _words(table: str) -> frozenset[str]:
    return frozenset(table.split())


_SKIPPED = _words("""
    script style template noscript svg math iframe object embed audio video canvas select textarea button head rt rp
    map form nav
""")
_BLOCKS = _words("""
    address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure footer
    header hgroup hr html legend li main menu ol p pre section summary table tbody tfoot thead tr ul
""")
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
#: epub:type and role of notes and page breaks, which are not part of the text.
_ASIDE = re.compile(
    r"\b(?:noteref|footnotes?|endnotes?|rearnotes?|pagebreak|doc-noteref|doc-footnote|doc-endnotes?|doc-pagebreak)\b"
)


@dataclass(slots=True)
class PageMetadata:
    """The metadata of a page, filled while its blocks are read."""

    title: str | None = None
    author: str | None = None
    language: str | None = None
    heading_counts: dict[int, int] = field(default_factory=dict)


def parse_html(
    pieces: Iterable[str], metadata: PageMetadata | None = None, anchors: Mapping[str, str] | None = None
) -> Iterator[Block]:
    """Headings and paragraphs of a page that comes in pieces of any size.

    `metadata` is filled on the way. `anchors`: ids of elements at which a chapter begins, with its title. Raises
    `BadInput` for pages that are built to exhaust the parser, `UnreadableInput` for what is not HTML.
    """
    target = _HtmlTarget(PageMetadata() if metadata is None else metadata, anchors or {})
    options: dict[str, Any] = {"target": target, "encoding": "utf-8", "no_network": True, "huge_tree": False}
    parser = etree.HTMLParser(**options)
    fed = False
    try:
        for piece in strip_constructs(pieces):
            for start in range(0, len(piece), _FEED_CHARACTERS):
                part = piece[start : start + _FEED_CHARACTERS]
                target.count_work(part.count("<"))
                parser.feed(part.encode("utf-8", "replace"))
                fed = True
                yield from target.take()
        if fed:
            parser.close()
    except etree.XMLSyntaxError as error:
        # Raised for pages without any element; their text has reached the target.
        if "no element found" not in str(error) and "Document is empty" not in str(error):
            raise UnreadableInput(f"The page cannot be read as HTML: {error.msg}.", field="file") from error
    target.end_block()
    yield from target.take()


class _HtmlTarget:
    """Parser target: receives the events of the HTML parser and collects blocks."""

    def __init__(self, metadata: PageMetadata, anchors: Mapping[str, str]) -> None:
        self._metadata = metadata
        self._anchors = anchors
        self._ready: list[Block] = []
        self._text: list[str] = []
        self._size = 0
        self._open: list[str] = []
        self._skip_from: int | None = None
        self._heading: int | None = None
        self._in_title = False
        self._breaks = 0
        self._continues = False
        self._work = 0

    def count_work(self, tags: int) -> None:
        """Limit the work of the parser, which searches all open elements at a tag that matches none of them."""
        self._work += tags * len(self._open)
        if self._work > _MAX_WORK:
            raise BadInput("The page opens elements without end and never closes them; it is not read.", field="file")

    def start(self, tag: str, attributes: Any) -> None:
        self._open.append(tag)
        if len(self._open) > MAX_DEPTH:
            raise BadInput(
                f"The page nests its elements more than {MAX_DEPTH:,} deep; no page for people does.", field="file"
            )
        self._read_metadata(tag, attributes)
        anchor = attributes.get("id") or (attributes.get("name") if tag == "a" else None) or ""
        if anchor in self._anchors:
            self.end_block()
            self._ready.append(Chapter(self._anchors[anchor]))
        if self._skip_from is not None:
            return
        if tag in _SKIPPED or "hidden" in attributes or _is_aside(attributes):
            self._skip_from = len(self._open)
        elif tag in _HEADINGS:
            self.end_block()
            self._heading = _HEADINGS[tag]
        elif tag in _BLOCKS:
            self.end_block()
            if tag == "hr":
                self._ready.append(HORIZONTAL_RULE)
        elif tag == "br":
            self._breaks += 1
            self._text.append(" ")
            if self._breaks > 1:
                self.end_block()
        elif tag in ("td", "th"):
            self._text.append(" ")

    def end(self, tag: str) -> None:
        if self._skip_from is not None and len(self._open) <= self._skip_from:
            self._skip_from = None
        elif self._skip_from is None:
            if tag in _HEADINGS or tag in _BLOCKS:
                self.end_block()
            elif tag in ("td", "th") and "".join(self._text[-1:]).strip():
                self._text.append(", ")
        if self._open:
            self._open.pop()
        self._in_title = False

    def data(self, data: str) -> None:
        if self._in_title and len(self._metadata.title or "") < 500:
            self._metadata.title = (self._metadata.title or "") + data
        if self._skip_from is not None:
            return
        if data.strip():
            self._breaks = 0
        self._text.append(data)
        self._size += len(data)
        if self._size > 2 * _TEXT_CHARACTERS and self._heading is None:
            self._emit_part()

    def comment(self, text: str) -> None:
        """Not spoken."""

    def close(self) -> None:
        """Called by the parser at the end."""

    def take(self) -> Iterator[Block]:
        """The blocks that were completed since the last call."""
        ready, self._ready = self._ready, []
        return iter(ready)

    def end_block(self) -> None:
        """Complete the current block, if there is one."""
        if not self._text:
            self._heading, self._continues, self._breaks = None, False, 0
            return
        parts = list(split_paragraph("".join(self._text).strip().rstrip(",")))
        heading, continues = self._heading, self._continues
        self._text, self._size, self._breaks, self._heading, self._continues = [], 0, 0, None, False
        if heading is not None and parts:
            self._metadata.heading_counts[heading] = self._metadata.heading_counts.get(heading, 0) + 1
            self._ready.append(Heading(parts.pop(0).text, heading))
        for part in parts:
            self._ready.append(Paragraph(part.text, part.continues or continues))
            continues = True

    def _emit_part(self) -> None:
        """Complete all but the last part of a paragraph that is longer than a block."""
        *whole, last = list(split_paragraph("".join(self._text))) or [Paragraph("")]
        for part in whole:
            self._ready.append(Paragraph(part.text, part.continues or self._continues))
            self._continues = True
        # A space at the end of the data was stripped.
        self._text = [last.text, " " if "".join(self._text[-1:])[-1:].isspace() else ""]
        self._size = len(last.text)

    def _read_metadata(self, tag: str, attributes: Any) -> None:
        metadata = self._metadata
        if tag == "title" and metadata.title is None and "svg" not in self._open:
            self._in_title = True
        elif tag == "html":
            metadata.language = attributes.get("lang") or attributes.get("xml:lang") or metadata.language
        elif tag == "meta" and (attributes.get("name") or "").lower() == "author":
            metadata.author = attributes.get("content") or metadata.author


def _is_aside(attributes: Any) -> bool:
    kind = f"{attributes.get('epub:type') or ''} {attributes.get('role') or ''}"
    return _ASIDE.search(kind) is not None
