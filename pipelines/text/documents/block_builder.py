"""Builds the blocks of a page from its text: paragraphs, headings, the cells of a row, the beginnings of chapters.

Knows text and where it stands; of elements only those that are open.
"""

from __future__ import annotations

import re
import unicodedata

from pipelines.text.annotated_text import AnnotatedText
from pipelines.text.document import Chapter
from pipelines.text.style import SpokenForm, Style

from . import html_rules
from .block_context import BlockContext, ContextTracker
from .block_output import BlockOutput
from .chapter_titles import words_meet
from .gutenberg_blocks import leave_out_pictures
from .html_page import OpenElement, Page, PageMetadata
from .html_rules import Omission
from .inline_text import InlineText, Mark
from .linked_contents import is_contents_title
from .open_elements import OpenElements
from .reading import Reading

#: A longer paragraph is passed on in parts.
_TEXT_CHARACTERS = 16_384
#: Lines of verse are hardly ever longer.
_LINE_CHARACTERS = 120
#: A row of a table that is one text.
_ROW_CHARACTERS = 160
#: "³/" behind a digit, and how many characters it has at most.
_POWER_AND_STROKE = re.compile(r"(?<=\d)[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2}[/\u2044]$")
_NUMERATOR_CHARACTERS = 4
#: Behind these no comma parts two cells of a table.
_STOPS = (",", ";", ":", ".", "!", "?")


class BlockBuilder:
    """The block that is open, and what is known of it. `inline`: its text; `number`: of blocks before it."""

    def __init__(self, metadata: PageMetadata, page: Page, reading: Reading, output: BlockOutput) -> None:
        self._metadata, self._page, self._reading, self._output = metadata, page, reading, output
        self._context = ContextTracker(page.name)
        self.open = OpenElements(self._context, reading)
        self.inline = InlineText()
        self.number = 0
        self._heading: int | None = None
        self._chapters: list[Chapter] = []
        self._pictured_letters = self._breaks = 0
        self._continues = self._begins_cell = False
        #: The text of a picture in the heading.
        self._pictured_heading = ""
        #: Whether a part of the heading has ended or begun since its last text.
        self._is_at_edge = False
        #: Names of anchors whose chapters have begun.
        self._begun: set[str] = set()
        #: A raised number that was just left out, and why.
        self._raised: tuple[str, Omission] | None = None

    # -- text --------------------------------------------------------------------------------------------------------
    def append(self, data: str) -> None:
        """Text of the innermost element."""
        if data.strip():
            self._read_fraction(data)
            self._breaks = 0
            if self._is_at_edge and self._heading is not None and words_meet(self.inline.text[-1:], data[0]):
                self.inline.append(" ")
            self._is_at_edge = False
            if self._begins_cell:
                self.inline.append(" " if self.inline.text[-1:] in _STOPS else ", ")
                self._begins_cell = False
        innermost = self.open.innermost
        if innermost is not None and (characters := len(data.strip())):
            self._context.add(characters, innermost.surroundings)
        self.inline.append(data, self.open.style)
        if len(self.inline) > 2 * _TEXT_CHARACTERS:
            self._emit_part()

    def append_phrase(self, text: str, style: Style) -> None:
        """Words that stand for something else, with a space on either side."""
        self.append(" ")
        self.inline.append_phrase(text, style)

    def append_picture(self, alternative: str) -> None:
        """A letter as a picture belongs to the word behind it; of others that are a whole heading the text is read."""
        if self._heading is not None:
            self._pictured_heading = self._pictured_heading or html_rules.find_pictured_heading(alternative)
        if letter := html_rules.find_pictured_letter(alternative):
            self.append(letter)
            self._pictured_letters += 1

    def annotate(self, opened: OpenElement, phonemes: str) -> None:
        """The text of an element is pronounced so; `phonemes`: IPA."""
        self.inline.annotate(SpokenForm(opened.mark.position, len(self.inline), "ipa", phonemes))

    def cut(self, opened: OpenElement, omission: Omission) -> str:
        """Take out the text of an element, which ends; returns it."""
        text = self.inline.cut(opened.mark)
        self._raised = (text, omission) if opened.is_raised and not opened.addresses and text.isdigit() else None
        return text

    def _read_fraction(self, data: str) -> None:
        """A raised number before a stroke was none of a note, but of a fraction."""
        raised, self._raised = self._raised, None
        if raised is not None and data[0] in "/\u2044":
            self.inline.append(f" {raised[0]}" if self.inline.text[-1:].isdigit() else raised[0])
            self._reading.omissions[raised[1]] -= 1

    def begin_denominator(self) -> None:
        """Lowered text begins: behind a power and a stroke, that was the numerator of a fraction."""
        found = _POWER_AND_STROKE.search(self.inline.text[-_NUMERATOR_CHARACTERS:])
        if found is not None:
            self.inline.cut(Mark(len(self.inline) - len(found.group()), has_space=False))
            self.inline.append(f" {unicodedata.normalize('NFKC', found.group())}")

    # -- parts of a block --------------------------------------------------------------------------------------------
    def begin_heading(self, level: int) -> None:
        """A heading of a level is what follows."""
        self.end_block()
        self._heading = level

    def pass_edge(self) -> None:
        """A part of the text begins or ends: in a heading, the number or the name of the chapter."""
        self._is_at_edge = True

    def begin_cell(self) -> None:
        """A cell of a table begins: a comma parts it from the one before it."""
        self._begins_cell = bool(self.inline.text)

    def break_line(self) -> None:
        """A line ends; two ends behind one another are the end of a paragraph."""
        self._breaks += 1
        if self._breaks > 1:
            self.end_block()
        self.inline.break_line()

    def goes_on_in_cell(self, tag: str) -> bool:
        """Whether an element that begins is the first paragraph of a cell: the row is one text."""
        return self.open.is_in_cell(tag) and (self._begins_cell or not self.inline.text)

    def is_short_cell(self, opened: OpenElement) -> bool:
        """Whether an element that ends is a paragraph in a cell, and the row goes on as one text."""
        if not self.open.is_in_cell(opened.tag) or len(self.inline) > _ROW_CHARACTERS:
            return False
        text = self.inline.since(opened.mark)
        return bool(text) and text[-1] not in _STOPS

    def is_short_line(self, opened: OpenElement) -> bool:
        """Whether an element of a poem is one line, rather than a stanza or a paragraph."""
        return len(self.inline) - opened.mark.position <= _LINE_CHARACTERS and not self.inline.has_break(opened.mark)

    # -- blocks ------------------------------------------------------------------------------------------------------
    def end_block(self, *, drops_cap: bool = False) -> None:
        """Complete the current block, if there is one. `drops_cap`: it is set as a large first letter."""
        text, context = self.inline.take(), self._context.take()
        if self._heading is not None and not text.text:
            text = AnnotatedText(self._pictured_heading)
        self._pictured_heading, self._is_at_edge = "", False
        heading, continues, chapters = self._heading, self._continues, self._chapters
        self.number, self._breaks, self._heading = self.number + 1, 0, None
        self._continues = self._begins_cell = False
        self._chapters = []
        for chapter in chapters:
            self._output.add(chapter)
        is_picture, self._pictured_letters = self._pictured_letters == 1, 0
        text = leave_out_pictures(text, self._reading)
        if not text.text:
            return
        self._metadata.add(text.text, context, heading)
        self._metadata.has_contents_title |= is_contents_title(text.text)
        if self._page.reads_main_only and not context.is_in_main:
            self._reading.omissions[Omission.WEB_PART] += 1
            return
        text = self._output.take_drop_cap(text)
        if (drops_cap or is_picture) and heading is None and html_rules.is_single_letter(text.text):
            self._output.hold_drop_cap(text, is_picture=is_picture)
            return
        self._pass_on(text, context, heading, continues=continues)

    def begins_chapter(self, opened: OpenElement) -> bool:
        """Whether the table of contents has a chapter at an element, which begins."""
        return opened.name in self._page.anchors and opened.name not in self._begun

    def begin_chapter(self, opened: OpenElement) -> None:
        """Begin the chapter that the table of contents has at an element."""
        self._begun.add(opened.name)
        chapter = Chapter(self._page.anchors[opened.name])
        if self._heading is not None:
            self._chapters.append(chapter)
        else:
            self.end_block()
            self._output.add(chapter)

    def _pass_on(self, text: AnnotatedText, context: BlockContext, heading: int | None, *, continues: bool) -> None:
        if heading is None and 2 * context.linked > len(text) and html_rules.is_navigation(text.text):
            self._reading.omissions[Omission.NAVIGATION] += 1
            return
        self._output.add_text(text, heading, continues=continues, context=context)

    def _emit_part(self) -> None:
        """Complete all but the last part of a text that is longer than a block."""
        for part in self.inline.take_parts():
            self._output.add_part(part, self._heading, continues=self._continues)
            self._heading, self._continues = None, True
        self.number += 1
