"""HTML and XHTML as a stream of blocks, in flat memory: libxml2 parses piece by piece, a tree is never built.

(A tree of a 36 MB page takes 570 MB, and a page nested 100,000 deep ten seconds.) What is not for the ear is skipped:
scripts, styles, menus, footnote marks. `<br>` parts words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from pipelines.errors import BadInput, UnreadableInput
from pipelines.text.document import RULE, Block, Chapter, Heading, Paragraph, paragraphs

from .safe_xml import entities_declared

#: Open elements at once; pages of people's programs stay under fifty.
DEEPEST = 2_000
#: Tags times open elements, over the whole page: a real one of 20 million characters has less than a tenth of it.
_MOST_WORK = 300_000_000
#: Characters of one tag with its attributes (pictures may stand in them as text).
_LONGEST_TAG = 8 << 20
_FEED_CHARACTERS = 1 << 15
#: A paragraph is handed on in parts from here.
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
#: epub:type and role of what is set aside from the text.
_ASIDE = re.compile(
    r"\b(?:noteref|footnotes?|endnotes?|rearnotes?|pagebreak|doc-noteref|doc-footnote|doc-endnotes?|doc-pagebreak)\b"
)
_CONSTRUCT = re.compile(r"<(?:!--|!(?=[^-]|-[^-])|\?|(?:script|style)(?=[\s/>]))", re.I | re.S)
_LONGEST_START = len("<script ")


@dataclass(slots=True)
class PageFacts:
    """What a page says of itself, filled while its blocks are read."""

    title: str | None = None
    author: str | None = None
    language: str | None = None
    heading_counts: dict[int, int] = field(default_factory=dict)


def html_blocks(
    pieces: Iterable[str], facts: PageFacts | None = None, anchors: dict[str, str] | None = None
) -> Iterator[Block]:
    """Headings and paragraphs of the page that the pieces make up; a `Chapter` where an element has an id of `anchors`.

    Raises `BadInput` for pages that are built to exhaust their reader.
    """
    target = _Target(PageFacts() if facts is None else facts, anchors or {})
    options: dict[str, Any] = {"target": target, "encoding": "utf-8", "no_network": True, "huge_tree": False}
    parser = etree.HTMLParser(**options)
    fed = False
    try:
        for piece in _scrubbed(pieces):
            for start in range(0, len(piece), _FEED_CHARACTERS):
                part = piece[start : start + _FEED_CHARACTERS]
                target.count_work(part.count("<"))
                parser.feed(part.encode("utf-8", "replace"))
                fed = True
                yield from target.take()
        if fed:
            parser.close()
    except etree.XMLSyntaxError as error:
        # Raised for pages without any element; whatever text there was has been heard of.
        if "no element found" not in str(error) and "Document is empty" not in str(error):
            raise UnreadableInput(f"The page cannot be read as HTML: {error.msg}.", field="file") from error
    target.end_block()
    yield from target.take()


class _Target:
    """Receives the parser's events and collects blocks."""

    def __init__(self, facts: PageFacts, anchors: dict[str, str]) -> None:
        self._facts = facts
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
        """The parser looks through all open elements at a tag that fits none; that is cheap while few are open."""
        self._work += tags * len(self._open)
        if self._work > _MOST_WORK:
            raise BadInput("The page opens elements without end and never closes them; it is not read.", field="file")

    def start(self, tag: str, attributes: Any) -> None:
        self._open.append(tag)
        if len(self._open) > DEEPEST:
            raise BadInput(
                f"The page nests its elements more than {DEEPEST:,} deep; no page for people does.", field="file"
            )
        self._note_facts(tag, attributes)
        anchor = attributes.get("id") or (attributes.get("name") if tag == "a" else None)
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
                self._ready.append(RULE)
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
        if self._in_title and len(self._facts.title or "") < 500:
            self._facts.title = (self._facts.title or "") + data
        if self._skip_from is not None:
            return
        if data.strip():
            self._breaks = 0
        self._text.append(data)
        self._size += len(data)
        if self._size > 2 * _TEXT_CHARACTERS and self._heading is None:
            self._hand_on_part()

    def comment(self, text: str) -> None:
        """Not for the ear."""

    def close(self) -> None:
        """The parser is done."""

    def take(self) -> Iterator[Block]:
        """The blocks that are whole so far."""
        ready, self._ready = self._ready, []
        return iter(ready)

    def end_block(self) -> None:
        """What has been collected is a block."""
        if not self._text:
            self._heading, self._continues, self._breaks = None, False, 0
            return
        parts = list(paragraphs("".join(self._text).strip().rstrip(",")))
        heading, continues = self._heading, self._continues
        self._text, self._size, self._breaks, self._heading, self._continues = [], 0, 0, None, False
        if heading is not None and parts:
            self._facts.heading_counts[heading] = self._facts.heading_counts.get(heading, 0) + 1
            self._ready.append(Heading(parts.pop(0).text, heading))
        for part in parts:
            self._ready.append(Paragraph(part.text, part.continues or continues))
            continues = True

    def _hand_on_part(self) -> None:
        """The paragraph at hand is longer than a block: hand on all but its last part."""
        *whole, last = list(paragraphs("".join(self._text))) or [Paragraph("")]
        for part in whole:
            self._ready.append(Paragraph(part.text, part.continues or self._continues))
            self._continues = True
        # The space may be the last thing that was heard.
        self._text = [last.text, " " if "".join(self._text[-1:])[-1:].isspace() else ""]
        self._size = len(last.text)

    def _note_facts(self, tag: str, attributes: Any) -> None:
        facts = self._facts
        if tag == "title" and facts.title is None and "svg" not in self._open:
            self._in_title = True
        elif tag == "html":
            facts.language = attributes.get("lang") or attributes.get("xml:lang") or facts.language
        elif tag == "meta" and (attributes.get("name") or "").lower() == "author":
            facts.author = attributes.get("content") or facts.author


def _is_aside(attributes: Any) -> bool:
    kind = f"{attributes.get('epub:type') or ''} {attributes.get('role') or ''}"
    return _ASIDE.search(kind) is not None


def _scrubbed(pieces: Iterable[str]) -> Iterator[str]:
    """The page without comments, declarations, scripts and styles: the parser takes for ever over unfinished ones.

    Raises `BadInput` for declared entities and for a tag without end.
    """
    held, ending, in_tag = "", "", 0
    for piece in pieces:
        text, ready, at = held + piece.replace("\0", " "), [], 0
        while at < len(text):
            if ending:
                begin = at
                at, ending = _skip(text, at, ending)
                if ending:
                    at = begin
                    break
                continue
            found = _CONSTRUCT.search(text, at)
            end = found.start() if found else len(text) - _undecided(text, at)
            ready.append(text[at:end])
            if found is None:
                at = end
                break
            at, ending = found.end(), _ENDINGS.get(found.group()) or found.group()[1:].lower()
        # What may begin a construct, or end the one at hand, waits for the next piece.
        held = text[max(at, len(text) - _LONGEST_ENDING) :] if ending else text[at:]
        clean_text = "".join(ready)
        in_tag = _tag_length(clean_text, in_tag)
        yield clean_text
    if held and not ending:
        yield held


#: Start of a construct → what ends it; scripts and styles end with a tag of their own.
_ENDINGS = {"<!--": "-->", "<!": ">", "<?": ">"}
_END_TAGS = {name: re.compile(f"</{name}[^>]*>", re.I) for name in ("script", "style")}
_LONGEST_ENDING = 16


def _skip(text: str, at: int, ending: str) -> tuple[int, str]:
    """Where the construct that ends with `ending` is over, and ""; or the text's end and what is still to come."""
    if ending in _END_TAGS:
        found = _END_TAGS[ending].search(text, at)
        return (found.end(), "") if found else (len(text), ending)
    end = text.find(ending, at)
    stop = end if end >= 0 else len(text)
    if ending != "-->":
        # A document type with a subset, "<!DOCTYPE html [ … ]>", holds declarations that end with ">" themselves.
        if "<!ENTITY" in text[max(0, at - _LONGEST_ENDING) : stop].upper():
            raise entities_declared("The page")
        if ending == ">" and "[" in text[at:stop]:
            return _skip(text, at, "]>")
    return (end + len(ending), "") if end >= 0 else (len(text), ending)


def _undecided(text: str, at: int) -> int:
    """Characters at the end that may begin one of the constructs."""
    start = text.rfind("<", max(at, len(text) - _LONGEST_START))
    return len(text) - start if start >= 0 and ">" not in text[start:] else 0


def _tag_length(text: str, before: int) -> int:
    opened, closed = text.rfind("<"), text.rfind(">")
    length = len(text) - opened if opened > closed else (before + len(text) if before and closed < 0 else 0)
    if length > _LONGEST_TAG:
        raise BadInput(f"The page holds a tag of more than {_LONGEST_TAG:,} characters.", field="file")
    return length
