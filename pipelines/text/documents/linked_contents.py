"""Finds tables of contents within a page: a title such as "Contents" with links behind it, or links at the page's top.

Knows texts and how much of them is in links; nothing of elements.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum, auto

from pipelines.text.document import Block, Chapter, Heading, Paragraph

from .block_context import BlockContext
from .html_page import PageMetadata

_CONTENTS = re.compile(
    r"(?:table of )?contents(?: of (?:the )?(?:vol(?:ume)?|book|part)\b.{0,20})?|inhalt(?:s(?:verzeichnis|übersicht))?|"
    r"table des (?:mati[èe]res|chapitres)|sommaire|tabla de contenidos?|[íi]ndice(?: de capítulos)?|sumario|sumário|"
    r"indice|inhoud(?:sopgave)?|spis treści|obsah|innehåll|indhold|innhold|sisällys|tartalom|содержание|оглавление|"
    r"(?:list of )?(?:illustrations|plates|figures|maps|tables)|(?:verzeichnis der )?abbildungen|"
    r"abbildungsverzeichnis|table des (?:illustrations|gravures)|目次|目录|目錄|차례",
    re.I,
)
_NO_LETTERS = re.compile(r"^\W+|\W+$")
#: "1. The Start", "The Start ..... 12".
_NUMBERED = re.compile(r"(?:\d{1,3}|[IVXLC]{1,7})\b.*|.*[\s.,](?:\d{1,4}|[ivxlcIVXLC]{1,7})")
_SENTENCE_END = re.compile(r"[a-zà-ÿ\d][.!?]$")
#: A longer text is no entry; a longer one in between is no title of a part.
_ENTRY_CHARACTERS, _PART_CHARACTERS, _TITLE_CHARACTERS = 200, 80, 48
#: So many titles of parts may stand between two entries, and so many links are contents without a title.
_MOST_PARTS, _LEAST_LINKS = 3, 3
#: Text before links without a title; behind more they are no contents.
_TOP_CHARACTERS = 400


class Place(Enum):
    """What a paragraph is to the contents of its page."""

    TEXT = auto()
    #: It is left out.
    ENTRY = auto()
    #: What follows tells.
    HELD = auto()


def is_contents_title(text: str) -> bool:
    """Whether a text is the title of a table of contents, or of a list of pictures."""
    return len(text) <= _TITLE_CHARACTERS and _CONTENTS.fullmatch(_NO_LETTERS.sub("", text)) is not None


class LinkedContents:
    """The state of one page."""

    def __init__(self) -> None:
        #: Whether the last paragraph was an entry, or links that may be entries.
        self._is_open = self._is_titled = False
        self._links, self._parts, self._characters = 0, 0, 0

    def find_place(self, text: str, context: BlockContext, held: Sequence[Block]) -> Place:
        """`held`: headings, chapters and paragraphs since the last text that was not held."""
        has_title = any(is_contents_title(title_of(block)) for block in held)
        if is_contents_title(text) and not has_title:
            return Place.HELD
        self._is_titled = self._is_titled or has_title
        if (has_title or self._is_open) and _is_entry(text, context, is_sure=self._is_titled):
            self._is_open, self._parts = True, 0
            return Place.ENTRY
        if self._is_link_at_top(text, context):
            self._links += 1
            self._is_open = self._links >= _LEAST_LINKS
            return Place.ENTRY if self._is_open else Place.HELD
        is_part = len(text) <= _PART_CHARACTERS and _SENTENCE_END.search(text) is None
        if (has_title or self._is_open) and is_part and self._parts < _MOST_PARTS:
            self._parts += 1
            return Place.HELD
        self._is_open = self._is_titled = False
        self._links, self._parts = 0, 0
        self._characters += len(text)
        return Place.TEXT

    def _is_link_at_top(self, text: str, context: BlockContext) -> bool:
        is_link = context.linked_here > 0 and 10 * context.linked_here >= 8 * len(text)
        return (
            is_link
            and len(text) <= _PART_CHARACTERS
            and self._characters <= _TOP_CHARACTERS
            and _SENTENCE_END.search(text) is None
        )


def is_page_of_links(page: PageMetadata) -> bool:
    """Whether a page has hardly any text but links to other pages of its document."""
    share = 5 if page.has_contents_title else 7
    return page.page_links >= _LEAST_LINKS and 10 * page.page_link_characters >= share * page.characters


def title_of(block: Block) -> str:
    """The text of a chapter, a heading or a paragraph."""
    return block.title if isinstance(block, Chapter) else block.text


def keep_held(held: Sequence[Block], *, is_within: bool) -> list[Block]:
    """What is text of the blocks before an entry. `is_within`: they stand between two entries."""
    has_chapter = any(isinstance(block, Chapter) and not is_contents_title(block.title) for block in held)
    return [
        block
        for block in held
        if not (
            isinstance(block, Paragraph)
            or is_contents_title(title_of(block))
            or (is_within and isinstance(block, Heading) and not has_chapter)
        )
    ]


def _is_entry(text: str, context: BlockContext, *, is_sure: bool) -> bool:
    if len(text) > _ENTRY_CHARACTERS:
        return False
    if 2 * context.linked_inside > len(text):
        return True
    # "I. The River, 1", of which the number alone is a link, or nothing.
    is_numbered = _NUMBERED.fullmatch(text) is not None and _SENTENCE_END.search(text) is None
    return is_numbered and (context.linked_inside > 0 or (is_sure and len(text) <= _PART_CHARACTERS))
