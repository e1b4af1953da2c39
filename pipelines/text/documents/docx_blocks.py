"""Builds the blocks of a DOCX file from its paragraphs: headings, items of lists, text boxes, notes.

Knows paragraphs, fields and notes; nothing of XML.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.text.document import Heading, Paragraph, split_annotated, split_paragraph
from pipelines.text.lines import join_wrapped_lines

from .docx_fields import DocxFields
from .docx_nesting import BlockNesting
from .docx_paragraph import DocxContext, DocxParagraph
from .docx_styles import DocxStyles
from .html_rules import Omission
from .reading import Reading

#: A longer paragraph is passed on in parts.
_TEXT_CHARACTERS = 32_768
#: A longer paragraph is no entry of a table of contents.
_ENTRY_CHARACTERS = 200


class DocxBlocks:
    """The paragraphs that are open, and the blocks that are complete. `fields`, `nesting`: those around the text."""

    def __init__(self, styles: DocxStyles, reading: Reading, notes: Mapping[str, str], chapter_level: int) -> None:
        """`notes`: their texts by kind and number. `chapter_level`: of the headings that begin chapters."""
        self._reading, self._notes, self._chapter_level = reading, notes, chapter_level
        self.context = DocxContext(styles, reading)
        self.fields = DocxFields()
        self.nesting = BlockNesting()
        #: Notes that are read at the end of their chapter.
        self._pending: list[str] = []
        #: A text box is a paragraph within a paragraph.
        self._paragraphs = [DocxParagraph(self.context)]

    @property
    def paragraph(self) -> DocxParagraph:
        """The innermost paragraph."""
        return self._paragraphs[-1]

    # -- paragraphs --------------------------------------------------------------------------------------------------
    def begin_paragraph(self) -> None:
        """A paragraph begins, or the one before it goes on."""
        before, begun = self.paragraph, DocxParagraph(self.context)
        if before.goes_on:
            begun.inline, begun.notes, begun.continues = before.inline, before.notes, before.continues
        self._paragraphs[-1] = begun

    def begin_text_box(self) -> None:
        """A text box begins within a paragraph."""
        self._paragraphs.append(DocxParagraph(self.context))

    def end_text_box(self) -> None:
        """The innermost text box ends."""
        self.complete_paragraph()
        if len(self._paragraphs) > 1:
            self._paragraphs.pop()

    def end_paragraph(self) -> None:
        """The innermost paragraph ends."""
        paragraph = self.paragraph
        paragraph.end_raised()
        self.fields.end_paragraph()
        if paragraph.goes_on:
            return
        self._paragraphs[-1] = DocxParagraph(self.context)
        text = paragraph.inline.take()
        if paragraph.level is not None and paragraph.level <= self._chapter_level:
            self._emit_notes()
        self._pending += paragraph.notes
        if not text.text:
            return
        if self.nesting.is_in_contents and (paragraph.level is not None or len(text) > _ENTRY_CHARACTERS):
            self.nesting.end_contents()  # somebody wrote on behind the table of contents
        if paragraph.is_contents or self.fields.is_in_list or self.nesting.is_in_contents:
            self._reading.omissions[Omission.NAVIGATION] += 1
            return
        parts = list(split_annotated(join_wrapped_lines(text)))
        if paragraph.level is not None:
            first = parts.pop(0)
            self.nesting.emit(Heading(first.text, paragraph.level, first.styles, first.spoken_forms))
        elif paragraph.is_item and len(parts) == 1 and not paragraph.continues:
            self.nesting.add_item(parts.pop())
        for number, part in enumerate(parts):
            self.nesting.emit(Paragraph.from_annotated(part, continues=paragraph.continues or number > 0))

    def complete_paragraph(self) -> None:
        """Nothing follows that the paragraph could go on with."""
        if self.paragraph.goes_on:
            self.paragraph.goes_on = False
            self.end_paragraph()

    def finish(self) -> None:
        """The document ends."""
        self.complete_paragraph()
        self.nesting.end_list()
        self._emit_notes()

    # -- text --------------------------------------------------------------------------------------------------------
    def append(self, text: str) -> None:
        """Text of the current run."""
        if self.fields.is_silent:
            return
        if self.fields.is_in_reference:
            self._reading.omissions[Omission.NOTE_REFERENCE] += 1
            return
        self.paragraph.append(text)
        if len(self.paragraph.inline) > _TEXT_CHARACTERS and not self.nesting.is_in_row:
            self._emit_part()

    def _emit_part(self) -> None:
        """Complete all but the last part of a paragraph that is longer than a block."""
        paragraph = self.paragraph
        for part in paragraph.inline.take_parts():
            self.nesting.emit(Paragraph.from_annotated(part, continues=paragraph.continues))
            paragraph.continues = True
        paragraph.drop_raised()

    # -- notes -------------------------------------------------------------------------------------------------------
    def refer_to_note(self, name: str) -> None:
        """The text refers to a note; `name`: its kind and number, "footnote 2"."""
        note = self._notes.get(name)
        if name in self._reading.note_addresses:
            # It is read, or counted, once.
            self._reading.omissions[Omission.NOTE_REFERENCE] += 1
        elif note is None or self._reading.options.notes == "skip":
            self._reading.omissions[Omission.NOTE] += 1
        elif self._reading.options.notes == "inline":
            self.paragraph.append_note(note)
        else:
            self.paragraph.notes.append(note)
        self._reading.note_addresses.add(name)

    def _emit_notes(self) -> None:
        pending, self._pending = self._pending, []
        for note in pending:
            for part in split_paragraph(note):
                self.nesting.emit(part)
