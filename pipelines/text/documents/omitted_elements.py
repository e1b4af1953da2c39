"""Leaves out the elements of a page that are not read, or moves them to its end: notes, navigation, hidden text.

html_rules.py, web_pages.py and style_sheets.py say which those are.
"""

from __future__ import annotations

from collections.abc import Sequence

from . import html_rules
from .block_builder import BlockBuilder
from .block_output import BlockOutput
from .html_page import OpenElement, Page
from .html_rules import BLOCKS, HEADINGS, Omission
from .note_references import NoteReferences
from .reading import Reading
from .style_sheets import StyleRules
from .web_pages import find_web_part

#: Elements that hold several notes.
_NOTE_LISTS = frozenset(["section", "div", "ol", "ul", "dl"])


class OmittedElements:
    """Knows within which open element nothing is read, and within which one a note is read elsewhere."""

    def __init__(
        self, page: Page, reading: Reading, builder: BlockBuilder, output: BlockOutput, styles: StyleRules
    ) -> None:
        self._page, self._reading, self._styles = page, reading, styles
        self._builder, self._open, self._output = builder, builder.open, output
        self._references = NoteReferences(page.name, reading)
        #: Number of open elements of which the last one is left out with all that is in it.
        self._skip_from: int | None = None
        #: Number of open elements of which the last one is a note that is read elsewhere.
        self._note_from: int | None = None
        #: The name of a note of which the number is in a `<dt>`, and the text in the `<dd>` behind it.
        self._term = ""

    @property
    def is_skipping(self) -> bool:
        """Whether nothing is read where the page stands."""
        return self._skip_from is not None

    def skip(self) -> None:
        """Read nothing in the innermost element."""
        self._skip_from = len(self._open)

    def end_skipped(self) -> None:
        """An element in which nothing is read has ended."""
        if self._skip_from is not None and len(self._open) < self._skip_from:
            self._skip_from = None

    def end_note(self) -> None:
        """An element has ended: perhaps the note that is read elsewhere."""
        if self._note_from is not None and len(self._open) < self._note_from:
            self._builder.end_block()
            self._note_from = None
            self._output.end_note()

    def find_omission(self, opened: OpenElement) -> Omission | None:
        """Why an element, which begins, is not read where it stands; None where it is."""
        omission = html_rules.find_omission(opened.tag, opened.attributes)
        omission = omission or find_web_part(opened.tag, opened.attributes)
        if omission is Omission.NOTE and opened.tag == "span" and self._reading.options.notes != "skip":
            # Beside the text, with nothing that refers to it: it is read where it stands.
            return None
        if omission is None and self._styles.hides(opened.tag, opened.attributes):
            omission = Omission.HIDDEN
        name = opened.name
        if opened.tag in ("dt", "dd"):
            omission = omission or self._find_note_of_list(opened)
        elif omission is None and name not in self._page.anchors and self._references.is_note(name):
            # The id of a note may be that of its number: the first element of its paragraph.
            if opened.tag in html_rules.NOTE_BLOCKS:
                return Omission.NOTE
            if not self._builder.inline.text and opened.tag not in BLOCKS and opened.tag not in HEADINGS:
                self._omit_block(name)
        return omission

    def omit(self, opened: OpenElement, omission: Omission) -> None:
        """Leave an element out, or move it to the end of the page."""
        if opened.tag == "dt" and self._term:
            self.skip()
            self._builder.end_block()
            return
        if omission is Omission.NOTE and self._references.reads_notes_elsewhere:
            self._begin_note(opened.name or self._term, len(self._open))
            return
        self.skip()
        if opened.tag in BLOCKS:
            self._builder.end_block()
        if omission is Omission.PAGE_NUMBER and not self._builder.inline.text:
            self._output.pass_page_number()
        if omission is Omission.NOTE_REFERENCE and self._refer(self.find_addresses(opened)):
            return
        # With the notes read at their references, nothing is missing.
        is_missing = opened.tag not in _NOTE_LISTS and opened.name and not self._references.is_note(opened.name)
        if omission is not Omission.NOTE or self._reading.options.notes == "skip" or is_missing:
            self._reading.omissions[omission] += 1

    def cut(self, opened: OpenElement, omission: Omission) -> None:
        """Leave out an element, which ends, by what its text was."""
        text = self._builder.cut(opened, omission)
        if omission is Omission.NOTE_REFERENCE and self._refer(opened.addresses):
            return
        self._reading.omissions[omission] += text != ""
        if omission is Omission.PAGE_NUMBER and not self._builder.inline.text:
            self._output.pass_page_number()

    def find_addresses(self, opened: OpenElement) -> tuple[str, ...]:
        """Where a link leads to in the document; none for what leads out of it, and for other elements."""
        address = self._references.resolve(opened.attributes.get("href") or opened.attributes.get("idref", ""))
        return (address,) if address else ()

    def _find_note_of_list(self, opened: OpenElement) -> Omission | None:
        """A term that a note reference leads to is the number of a note; the description behind it is its text."""
        name = opened.name
        if opened.tag == "dt":
            self._term = ""
        if name not in self._page.anchors and self._references.is_note(name):
            self._term = name if opened.tag == "dt" else self._term
            return Omission.NOTE
        return Omission.NOTE if self._term else None

    def _omit_block(self, name: str) -> None:
        """Leave out the block that is open: the note of this name."""
        depth = self._open.find_note_depth()
        if depth is None:
            return
        if list(self._open)[depth - 1].tag == "dt":
            self._term, self._skip_from = name, depth
            return
        if self._references.reads_notes_elsewhere:
            self._begin_note(name, depth)
            return
        if self._reading.options.notes == "skip":
            self._reading.omissions[Omission.NOTE] += 1
        self._skip_from = depth

    def _begin_note(self, name: str, depth: int) -> None:
        self._builder.end_block()
        self._note_from = self._note_from or depth
        self._output.begin_note(self._references.address(name))

    def _refer(self, addresses: Sequence[str]) -> bool:
        """Notes are referred to. Returns whether nothing of them is missing."""
        if self._output.is_in_note:
            # The link back to the reference of this note.
            return True
        if not addresses:
            return False
        notes = [self._references.refer(address) for address in addresses]
        for note in filter(None, notes):
            self._builder.append(f" ({note})")
        return all(notes) or self._reading.options.notes == "end"
