"""Puts the blocks of a page in their order: notes at its end, a chapter before its heading, a first letter to its word.

Knows blocks; nothing of elements.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pipelines.text.annotated_text import AnnotatedText
from pipelines.text.document import Block, Chapter, Heading, Paragraph, split_annotated
from pipelines.text.lines import join_wrapped_lines
from pipelines.text.pronunciation.lexicon import Lexicon

from . import html_rules
from .html_page import PageMetadata
from .pronunciation_lexicon import apply_lexicon
from .reading import Reading

#: The number of a note, and the link back to its reference.
_NOTE_NUMBER = re.compile(r"^\[?(?:\d{1,4}|[*†‡§])\]?[.)]?\s+|\s*[↩↑^][\ufe0e\ufe0f]?\s*$")


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

    def take(self) -> Iterator[Block]:
        """The blocks that were completed since the last call."""
        ready, self._ready = self._ready, []
        return iter(ready)

    def finish(self) -> None:
        """Complete the page."""
        self.take_drop_cap(AnnotatedText())
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

    def add_text(self, text: AnnotatedText, level: int | None, *, continues: bool) -> None:
        """A heading of a level, or a paragraph; in several blocks where it is longer than one may be."""
        for part in split_annotated(join_wrapped_lines(text)):
            self.add_part(part, level, continues=continues)
            level, continues = None, True

    def add_part(self, text: AnnotatedText, level: int | None, *, continues: bool) -> None:
        """A heading of a level, or a paragraph: one block."""
        for lexicon in self._lexicons:
            text = apply_lexicon(text, lexicon)
        if level is not None:
            self._metadata.heading_counts[level] = self._metadata.heading_counts.get(level, 0) + 1
            self.add(Heading(text.text, level, text.styles, text.spoken_forms))
        else:
            self.add(Paragraph.from_annotated(text, continues=continues))

    def add_paragraphs(self, paragraphs: Iterable[Paragraph]) -> None:
        """Paragraphs that were read elsewhere."""
        for paragraph in paragraphs:
            self.add_part(paragraph.annotated, None, continues=paragraph.continues)

    def add(self, block: Block) -> None:
        """A complete block."""
        if self.is_in_note and self._reading.is_collecting:
            if not isinstance(block, Chapter) and (text := _NOTE_NUMBER.sub("", block.text).strip()):
                notes = self._reading.notes
                notes[self._note_address] = f"{notes.get(self._note_address, '')} {text}".strip()
        elif self.is_in_note:
            self._notes.append(_drop_number(block))
        elif isinstance(block, Heading | Chapter):
            self._headings.append(block)
        else:
            self._ready += [*_place_chapters(self._headings), block]
            self._headings = []


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
