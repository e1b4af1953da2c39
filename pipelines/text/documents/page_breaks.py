"""Takes the breaks of printed pages out of a plain text: numbers of pages, running heads, and gaps within sentences.

Knows lines; nothing of paragraphs. A form feed is a line of its own here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from .html_rules import Omission
from .reading import Reading

#: (line, whether it ends there)
Line = tuple[str, bool]
FORM_FEED = "\x0c"

#: "- 12 -", "Page 12 of 40": nothing else looks so.
_PAGE_NUMBER = re.compile(
    r"\s*(?:[-–—~|]\s?\d{1,4}\s?[-–—~|]|(?:page|seite|página|pagina|strana|strona)\s+\d{1,4}(?:\s*(?:of|/|von|sur|de)\s*\d+)?)\s*",
    re.I,
)
#: The number of a page, or of a section.
_NUMBER = re.compile(r"\s*(?:(\d{1,4})|[ivxl]{1,7})\s*")
_DIGITS = re.compile(r"\d{1,4}")
_EDGE_NUMBER = re.compile(r"^\s*\d{1,4}\s{2,}|\s{2,}\d{1,4}\s*$")
_HYPHENATED = re.compile(r"[^\W\d_]{2}[-\u2010\u00ad]\s*$")
_UNFINISHED = re.compile(r"[\w,;\-\u2010\u00ad]\s*$")
_HEAD_CHARACTERS = 80
#: A head is one from its third page on, or its second where it has a number.
_SEEN = 2
#: More different ones are none.
_MOST_HEADS = 10_000
#: Pages that may lie between two numbers.
_PAGES = 6
#: More lines without text are no page break.
_GAP_LINES = 60


class PageBreaks:
    """The state of one text: what was last read, and which lines stood at the tops of pages."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._last = ""
        self._gap: list[Line] = []
        self._heads: Counter[str] = Counter()
        #: The last number that was surely one of a page.
        self._page = 0

    def join(self, lines: Iterable[Line]) -> Iterator[Line]:
        """The lines without page breaks."""
        for line in lines:
            text = line[0]
            if not text.strip() or _PAGE_NUMBER.fullmatch(text) or _NUMBER.fullmatch(text) or self._is_head(text):
                self._gap.append(line)
                if len(self._gap) > _GAP_LINES:
                    yield from self._close_gap("")
                continue
            yield from self._close_gap(text)
            self._last = text
            yield line
        yield from self._close_gap("")

    def _is_head(self, text: str) -> bool:
        """Whether a line at the top of a page stood there before."""
        blank = [line for line, _ in self._gap if line.strip(" \t")]
        if not blank or blank[-1] != FORM_FEED or len(text) > _HEAD_CHARACTERS:
            return False
        head = "".join(filter(str.isalpha, text)).lower()
        if len(self._heads) < _MOST_HEADS or head in self._heads:
            self._heads[head] += 1
        return bool(head) and self._heads[head] > _SEEN - (_EDGE_NUMBER.search(text) is not None)

    def _close_gap(self, text: str) -> Iterator[Line]:
        """What stands between the last line and this one: nothing within a sentence, else empty lines and numbers."""
        gap, self._gap = self._gap, []
        if not gap:
            return
        is_parted = not (self._last and gap[0][0].strip()) and not (text and gap[-1][0].strip())
        feeds = any(line == FORM_FEED for line, _ in gap)
        numbers = [line for line, _ in gap if line.strip()]
        goes_on = text.lstrip()[:1].islower() and _UNFINISHED.search(self._last) is not None
        if not feeds and not is_parted:
            # Lines of text: a year, a sum.
            yield from gap
            return
        if goes_on and (feeds or numbers or _HYPHENATED.search(self._last)):
            self._drop(numbers)
            return
        yield "", True
        for line in numbers:
            if feeds or _PAGE_NUMBER.fullmatch(line) or self._is_next_page(line):
                self._drop([line])
            else:
                yield line, True
                yield "", True

    def _is_next_page(self, line: str) -> bool:
        found = _NUMBER.fullmatch(line)
        number = int(found.group(1)) if found and found.group(1) else 0
        return bool(self._page) and self._page < number <= self._page + _PAGES

    def _drop(self, lines: Iterable[str]) -> None:
        for line in lines:
            if line != FORM_FEED:
                self._reading.omissions[Omission.PAGE_NUMBER] += 1
                found = _DIGITS.search(line)
                self._page = int(found.group()) if found else self._page
