"""Puts the blocks of a page in their order: notes at its end, a chapter before its heading, a first letter to its word.

Knows blocks; nothing of elements.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pipelines.text.annotated_text import AnnotatedText
from pipelines.text.document import (
    BLOCK_CHARACTERS,
    HORIZONTAL_RULE,
    Block,
    Chapter,
    Heading,
    Paragraph,
    split_annotated,
)
from pipelines.text.lines import breaks_off, join_broken_word, join_items, join_wrapped_lines
from pipelines.text.pronunciation.lexicon import Lexicon

from . import html_rules
from .block_context import BlockContext
from .html_page import PageMetadata
from .html_rules import Omission
from .linked_contents import LinkedContents, Place, is_contents_title, keep_held
from .pronunciation_lexicon import apply_lexicon
from .reading import Reading

#: The number of a note, and the link back to its reference.
_NOTE_NUMBER = re.compile(
    r"^(?:\(\d{1,4}\)|\[\W{0,3}(?:\d{1,4}|[A-Za-z])\]|\[?(?:\d{1,3}|\d{4}(?=[\].):])|[*†‡§¶‖#]{1,4})\]?)[.):]?\s+|"
    # "ii." and "i.", which is none in "i. e."
    r"^(?=[ivx]{2}|i[.)]\s(?!e))x{0,3}(?:ix|iv|v?i{0,3})[.)]\s+|"
    r"\s*[↩↑^⏎↵⤴⬆][\ufe0e\ufe0f]?\s*$"
)

_HYPHENS = ("-", "\u2010")
#: Characters of a list's items that wait for its end, and how many do.
_ITEM_CHARACTERS, _MOST_ITEMS = 8_192, 100
_PLAIN = BlockContext()


class BlockOutput:
    """Collects the blocks of one page."""

    def __init__(self, metadata: PageMetadata, reading: Reading) -> None:
        self._metadata, self._reading = metadata, reading
        self._ready: list[Block] = []
        #: Headings and chapters at the end of what was read: an anchor behind a heading is the heading's.
        self._headings: list[Block] = []
        self._notes: list[Block] = []
        self._note_address = ""
        self.is_in_note = False
        #: The first letter of the next block; `_is_picture_cap`: that is left out where it does not fit.
        self._drop_cap: AnnotatedText | None = None
        self._is_picture_cap = False
        self._lexicons: list[Lexicon] = []
        self._contents = LinkedContents()
        #: How many of these stand before a table of contents that was just left out.
        self._before_contents: int | None = None
        #: The items of a list, which are read together, and its number.
        self._items: list[AnnotatedText] = []
        self._list_number = self._item_characters = 0
        #: The last paragraph, and whether the number of a page stood behind it.
        self._before, self._is_page_between = "", False

    def add_lexicon(self, lexicon: Lexicon) -> None:
        """The pronunciations of the texts to come."""
        self._lexicons.append(lexicon)

    def begin_note(self, address: str) -> None:
        """What follows is a note that is read elsewhere; "" = its address is not known."""
        self.is_in_note = True
        self._note_address = address or self._note_address

    def end_note(self) -> None:
        """What follows is text of the page."""
        self.is_in_note = False

    def pass_page_number(self) -> None:
        """Between two paragraphs there was the number of a page: perhaps within a sentence."""
        self._is_page_between = True

    def take(self) -> Iterator[Block]:
        """The blocks that were completed since the last call."""
        ready, self._ready = self._ready, []
        return iter(ready)

    def finish(self) -> None:
        """Complete the page."""
        self.take_drop_cap(AnnotatedText())
        self._end_list()
        self.is_in_note = False
        for note in self._notes:
            self.add(note)
        self._ready += _place_chapters(self._headings)
        self._headings, self._notes = [], []

    def hold_drop_cap(self, text: AnnotatedText, *, is_picture: bool) -> None:
        """A letter that stands alone: perhaps the first one of the next text."""
        self._drop_cap, self._is_picture_cap = text, is_picture

    def take_drop_cap(self, text: AnnotatedText) -> AnnotatedText:
        """The text, with the letter before it that belongs to it; a letter that does not becomes a block."""
        cap, self._drop_cap = self._drop_cap, None
        if cap is None:
            return text
        if html_rules.goes_on(text.text):
            return cap.join(text)
        if not self._is_picture_cap:
            self.add_part(cap, None, continues=False)
        return text

    def add_text(
        self, text: AnnotatedText, level: int | None, *, continues: bool, context: BlockContext = _PLAIN
    ) -> None:
        """A heading of a level, or a paragraph; in several blocks where it is longer than one may be."""
        if level is None and not continues and not self.is_in_note:
            if self._list_number != context.list_number:
                self._end_list()
            if self._is_in_contents(text, context):
                return
            if context.list_number:
                self._list_number = context.list_number
                self._items.append(text)
                self._item_characters += len(text)
                if self._item_characters > _ITEM_CHARACTERS or len(self._items) >= _MOST_ITEMS:
                    self._end_list()
                return
        self._add_parts(text, level, continues=continues)

    def _add_parts(self, text: AnnotatedText, level: int | None, *, continues: bool) -> None:
        for part in split_annotated(join_wrapped_lines(text)):
            self.add_part(part, level, continues=continues)
            level, continues = None, True

    def add_part(self, text: AnnotatedText, level: int | None, *, continues: bool) -> None:
        """A heading of a level, or a paragraph: one block."""
        text = self._pronounce(text)
        if level is not None:
            self._metadata.heading_counts[level] = self._metadata.heading_counts.get(level, 0) + 1
            self.add(Heading(text.text, level, text.styles, text.spoken_forms))
        else:
            goes_on = self._is_page_between and breaks_off(self._before) and text.text[:1].islower()
            self.add(Paragraph.from_annotated(text, continues=continues or goes_on))
        self._before, self._is_page_between = text.text if level is None else "", False

    def _pronounce(self, text: AnnotatedText) -> AnnotatedText:
        for lexicon in self._lexicons:
            text = apply_lexicon(text, lexicon)
        return text

    def add_paragraphs(self, paragraphs: Iterable[Paragraph]) -> None:
        """Paragraphs that were read elsewhere."""
        for paragraph in paragraphs:
            self.add_part(paragraph.annotated, None, continues=paragraph.continues)

    def add(self, block: Block) -> None:
        """A complete block."""
        self._end_list()
        if self.is_in_note and block == HORIZONTAL_RULE:
            # The line between the text and its notes.
            return
        if self.is_in_note and self._reading.is_collecting:
            if isinstance(block, Paragraph) and (text := _NOTE_NUMBER.sub("", block.text).strip()):
                notes = self._reading.notes
                notes[self._note_address] = f"{notes.get(self._note_address, '')} {text}".strip()
        elif self.is_in_note:
            self._notes.append(_drop_number(block))
        elif isinstance(block, Heading | Chapter):
            self._headings.append(block)
        else:
            self._ready += [*_place_chapters(self._headings), block]
            self._headings, self._before_contents = [], None

    def _end_list(self) -> None:
        """Pass on the items that waited for the end of their list."""
        if not self._items:
            return
        items, self._items, self._list_number, self._item_characters = self._items, [], 0, 0
        for text in join_items(items):
            self._add_parts(text, None, continues=False)

    def _is_in_contents(self, text: AnnotatedText, context: BlockContext) -> bool:
        """Whether a paragraph belongs to a table of contents, which is left out, or may do so."""
        # What stands before the items of a list is none of it.
        since = self._before_contents
        held = [] if self._items else (self._headings[since:] if since else self._headings)
        place = self._contents.find_place(text.text, context, held)
        if place is Place.HELD:
            self._end_list()
            self._headings.append(Paragraph.from_annotated(self._pronounce(text)))
        elif place is Place.ENTRY:
            self._reading.omissions[Omission.CONTENTS] += 1
            self._drop_held(held)
        return place is not Place.TEXT

    def _drop_held(self, held: list[Block]) -> None:
        """Leave out what was held of a table of contents: its title, titles of parts, and links."""
        kept = keep_held(held, is_within=self._before_contents is not None)
        ids = set(map(id, kept))
        for block in held:
            if isinstance(block, Heading) and id(block) not in ids:
                self._metadata.heading_counts[block.level] -= 1
            elif isinstance(block, Paragraph) and not is_contents_title(block.text):
                self._reading.omissions[Omission.CONTENTS] += 1
        self._headings = [*self._headings[: len(self._headings) - len(held)], *kept]
        self._before_contents = len(self._headings)


def join_broken_words(blocks: Iterable[Block]) -> Iterator[Block]:
    """The blocks, with a word in one that a paragraph breaks off and the next one goes on with."""
    held: Paragraph | None = None
    for block in blocks:
        if held is not None and isinstance(block, Paragraph):
            joined = join_broken_word(held.annotated, block.annotated)
            if joined is not None and len(joined) <= BLOCK_CHARACTERS:
                block, held = Paragraph.from_annotated(joined, continues=held.continues), None
        if held is not None:
            yield held
        held = block if isinstance(block, Paragraph) and block.text[-1:] in _HYPHENS else None
        if held is None:
            yield block
    if held is not None:
        yield held


def _drop_number(block: Block) -> Block:
    """A paragraph of a note without the note's number, and the link back to its reference."""
    if not isinstance(block, Paragraph):
        return block
    start, end = 0, len(block.text)
    for found in _NOTE_NUMBER.finditer(block.text):
        start, end = (found.end(), end) if found.start() == 0 else (start, found.start())
    return Paragraph.from_annotated(block.annotated.slice(start, end).strip(), continues=block.continues)


def _place_chapters(headings: list[Block]) -> list[Block]:
    """Headings and chapters before a text: a chapter that begins between its heading and the text gets the heading."""
    last = len(headings)
    while last and isinstance(headings[last - 1], Chapter):
        last -= 1
    if last in (0, len(headings)) or (last > 1 and isinstance(headings[last - 2], Chapter)):
        return headings
    return [*headings[: last - 1], *headings[last:], headings[last - 1]]
