"""Parses HTML and XHTML into a stream of blocks, in flat memory: libxml2 parses piece by piece, without a tree.

(A tree of a 36 MB page takes 570 MB, and a page nested 100,000 deep ten seconds.)
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from lxml import etree

from pipelines.errors import UnreadableInput
from pipelines.text.document import Block

from .html_page import Page, PageMetadata
from .html_stripping import strip_constructs
from .html_target import HtmlTarget
from .reading import Reading
from .xhtml import DECLARED_WITHIN, close_empty_elements, is_xhtml

_FEED_CHARACTERS = 1 << 15


def parse_html(
    pieces: Iterable[str],
    metadata: PageMetadata | None = None,
    page: Page | None = None,
    reading: Reading | None = None,
) -> Iterator[Block]:
    """Headings and paragraphs of a page that comes in pieces of any size.

    `metadata` and `reading` are filled on the way. Raises `BadInput` for pages that are built to exhaust the parser,
    `UnreadableInput` for what is not HTML.
    """
    page = page or Page()
    target = HtmlTarget(metadata or PageMetadata(), page, reading or Reading())
    options: dict[str, Any] = {"target": target, "encoding": "utf-8", "no_network": True, "huge_tree": False}
    parser = etree.HTMLParser(**options)
    fed = False
    beginning, pieces = _read_start(pieces)
    if is_xhtml(beginning, page.media_type):
        pieces = close_empty_elements(pieces)
    try:
        for piece in strip_constructs(pieces, target.add_style_sheet):
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
    target.finish()
    yield from target.take()


def _read_start(pieces: Iterable[str]) -> tuple[str, Iterable[str]]:
    """The first characters of a page, in which it says what it is, and all pieces."""
    pieces, start = iter(pieces), ""
    for piece in pieces:
        start += piece
        if len(start) >= DECLARED_WITHIN:
            break
    return start, itertools.chain([start], pieces)
