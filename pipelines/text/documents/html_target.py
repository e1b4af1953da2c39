"""Turns the elements of a page into blocks, as the parser of HTML reports them; html_rules.py says what is not read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from langcodes import tag_is_valid

from pipelines.errors import BadInput
from pipelines.language_tags import primary_subtag, same_language
from pipelines.text.document import HORIZONTAL_RULE, Block, Chapter
from pipelines.text.pronunciation.x_sampa import to_ipa
from pipelines.text.style import NEUTRAL_STYLE, SpokenForm, Style

from . import html_rules
from .block_context import NOWHERE, ContextTracker
from .block_output import BlockOutput
from .code_blocks import PreformattedText
from .gutenberg_blocks import leave_out_pictures
from .html_page import OpenElement, Page, PageMetadata
from .html_rules import BLOCKS, HEADINGS, Omission
from .inline_text import InlineText
from .linked_contents import is_contents_title
from .mathml import MathReader
from .note_references import NoteReferences
from .page_head import PageHead
from .reading import Reading
from .ruby import RubyReader
from .style_sheets import HiddenElements
from .superscript import read_superscript
from .verse import is_bullet, is_line, is_verse
from .web_pages import find_web_part

_PICTURES = frozenset(["img", "image", "svg", "object"])
#: Elements that hold several notes.
_NOTE_LISTS = frozenset(["section", "div", "ol", "ul", "dl"])
#: Open elements at once; real pages have less than fifty.
MAX_DEPTH = 2_000
#: Tags times open elements, over the whole page: a real one of 20 million characters has less than a tenth of it.
_MAX_WORK = 300_000_000
#: A longer paragraph is passed on in parts.
_TEXT_CHARACTERS = 16_384
#: The content of an element that may be left out is at most this long.
_LIKELY_CHARACTERS = 24
#: Lines of verse are hardly ever longer.
_LINE_CHARACTERS = 120
#: A row of a table that is one text.
_ROW_CHARACTERS = 160
#: Behind these no comma parts two cells of a table.
_STOPS = (",", ";", ":", ".", "!", "?")
#: Tags for text in an unknown language, in none, in several.
_NO_LANGUAGE = frozenset(["und", "zxx", "mul", "mis"])


class HtmlTarget:
    """Receives the events of the parser and collects blocks."""

    def __init__(self, metadata: PageMetadata, page: Page, reading: Reading) -> None:
        self._metadata, self._page, self._reading = metadata, page, reading
        self._output = BlockOutput(metadata, reading)
        self._references = NoteReferences(page.name, reading)
        self._chapters: list[Chapter] = []
        self._inline = InlineText()
        self._open: list[OpenElement] = []
        #: Number of open elements of which the last one is left out with all that is in it.
        self._skip_from: int | None = None
        self._heading: int | None = None
        self._pictured_letters = 0
        self._context = ContextTracker(page.name)
        self._block, self._work, self._breaks = 0, 0, 0
        self._continues = self._begins_cell = False
        #: Names of anchors whose chapters have begun.
        self._begun: set[str] = set()
        #: Number of open elements of which the last one is a note that is read elsewhere.
        self._note_from: int | None = None
        self._is_picture = page.media_type == "image/svg+xml"
        self._preformatted: PreformattedText | None = None
        #: A raised number that was just left out, and why.
        self._raised: tuple[str, Omission] | None = None
        self._ruby, self._math = RubyReader(), MathReader()
        self._hidden = HiddenElements()
        self._head = PageHead(metadata, page, reading, self._hidden, self._output)

    def count_work(self, tags: int) -> None:
        """Limit the work of the parser, which searches all open elements at a tag that matches none of them."""
        self._work += tags * len(self._open)
        if self._work > _MAX_WORK:
            raise BadInput("The page opens elements without end and never closes them; it is not read.", field="file")

    def add_style_sheet(self, style_sheet: str) -> None:
        """The rules of a style sheet, of which those count that hide elements."""
        self._hidden.add(style_sheet)

    # -- events of the parser ----------------------------------------------------------------------------------------
    def start(self, tag: str, attributes: Any) -> None:
        opened = self._push(tag, {name: value or "" for name, value in attributes.items()})
        self._reading.pictures += tag in _PICTURES
        self._head.start(tag, opened.attributes, self._open)
        self._begin_chapter(opened)
        if self._math.is_open:
            self._math.start(tag)
        elif self._skip_from is not None:
            return
        elif tag == "math":
            self._math.start(tag)
        elif html_rules.is_never_read(tag, opened.attributes) and not (self._is_picture and tag == "svg"):
            self._skip_from = len(self._open)
        elif (omission := self._find_omission(opened)) is not None:
            self._omit(opened, omission)
        else:
            self._start_element(opened)

    def end(self, tag: str) -> None:
        self._head.end()
        if not self._open:
            return
        opened = self._open.pop()
        if self._math.is_open:
            if self._math.end():
                self._read_formula(opened)
        elif self._skip_from is not None:
            if len(self._open) < self._skip_from:
                self._skip_from = None
        else:
            self._end_element(opened)
            if self._note_from is not None and len(self._open) < self._note_from:
                self.end_block()
                self._note_from = None
                self._output.end_note()

    def data(self, data: str) -> None:
        self._head.add(data)
        if self._math.is_open:
            self._math.add(data)
        elif self._skip_from is not None:
            return
        elif self._preformatted is not None:
            self._preformatted.add(data)
            if self._preformatted.is_full:
                self._output.add_paragraphs(self._preformatted.take())
        elif self._ruby.is_in_reading:
            self._ruby.add(data)
        else:
            self._append(data)

    def comment(self, text: str) -> None:
        """Not spoken."""

    def close(self) -> None:
        """Called by the parser at the end."""

    # -- results -----------------------------------------------------------------------------------------------------
    def take(self) -> Iterator[Block]:
        """The blocks that were completed since the last call."""
        return self._output.take()

    def finish(self) -> None:
        """Complete the page."""
        self.end_block()
        self._output.finish()

    # -- elements ----------------------------------------------------------------------------------------------------
    def _push(self, tag: str, attributes: Mapping[str, str]) -> OpenElement:
        outer = self._open[-1] if self._open else None
        style, alphabet = (outer.style, outer.alphabet) if outer else (NEUTRAL_STYLE, "ipa")
        language = attributes.get("xml:lang") or attributes.get("lang") or ""
        if language and tag_is_valid(language) and primary_subtag(language) not in _NO_LANGUAGE:
            own = self._reading.language
            if own is None and tag in ("html", "body"):
                self._reading.language = own = language
            style = NEUTRAL_STYLE if own and same_language(language, own) else Style(language=language)
        alphabet = attributes.get("ssml:alphabet") or alphabet
        around = self._context.surround(outer.surroundings if outer else NOWHERE, tag, attributes)
        verse = bool(outer and outer.is_verse) or is_verse(tag, attributes)
        raised = html_rules.is_raised(tag, attributes)
        self._open.append(
            OpenElement(tag, attributes, self._inline.mark(), self._block, style, alphabet, around, verse, raised)
        )
        if len(self._open) > MAX_DEPTH:
            raise BadInput(
                f"The page nests its elements more than {MAX_DEPTH:,} deep; no page for people does.", field="file"
            )
        return self._open[-1]

    def _start_element(self, opened: OpenElement) -> None:
        tag, attributes = opened.tag, opened.attributes
        if self._preformatted is not None and tag in ("br", "code", "samp", "kbd"):
            if tag == "br":
                self._preformatted.add("\n")
            else:
                self._preformatted.say_code()
        elif tag in HEADINGS:
            self.end_block()
            self._heading = HEADINGS[tag]
        elif tag in BLOCKS and opened.is_verse and is_line(tag, attributes):
            self._inline.break_line()
        elif self._is_in_cell(tag) and (self._begins_cell or not self._inline.text):
            # The paragraph of a cell: its row is one text.
            pass
        elif tag in BLOCKS:
            self.end_block()
            if tag == "hr":
                self._output.add(HORIZONTAL_RULE)
            elif tag == "pre" and self._preformatted is None:
                is_code = html_rules.is_code(opened.attributes)
                self._preformatted = PreformattedText(self._reading, is_code=is_code)
        elif tag == "br":
            self._breaks += 1
            if self._breaks > 1:
                self.end_block()
            self._inline.break_line()
        elif tag == "img":
            self._read_letter(attributes.get("alt", "").strip())
        elif tag in ("td", "th"):
            self._begins_cell = bool(self._inline.text)
        elif tag == "q":
            self._append("“")
        elif tag == "ruby":
            self._ruby.start(self._inline)
        elif tag == "rt":
            self._ruby.start_reading()
        elif tag == "rtc":
            self._ruby.start_container()
        elif tag == "span" and html_rules.is_own_line(attributes):
            self._inline.break_line()
        elif tag == "tspan" and not {"x", "y", "dy"}.isdisjoint(attributes):
            self._append(" ")
        elif tag in ("a", "noteref"):
            opened.address = self._references.resolve(attributes.get("href") or attributes.get("idref", ""))
        # What was opened ends a block: its content begins behind that.
        opened.mark, opened.block = self._inline.mark(), self._block

    def _end_element(self, opened: OpenElement) -> None:
        tag = opened.tag
        if tag == "pre" and self._preformatted is not None:
            preformatted, self._preformatted = self._preformatted, None
            self._output.add_paragraphs(preformatted.finish())
        elif tag in HEADINGS or tag in BLOCKS:
            if opened.block == self._block:
                self._cut_if_likely(opened)
                if self._is_in_cell(tag) and self._is_short_cell(opened):
                    return
                if opened.is_verse and is_line(tag, opened.attributes) and self._is_short_line(opened):
                    self._inline.break_line()
                    return
            self.end_block(drops_cap=html_rules.is_drop_cap(tag, opened.attributes))
        elif tag == "q":
            self._append("”")
        elif tag == "rt":
            self._ruby.end_reading(self._inline)
        elif tag == "rtc":
            self._ruby.end_container(self._inline)
        elif tag == "ruby":
            self._ruby.end()
        elif opened.block == self._block:
            self._end_inline(opened)
            if tag == "span" and html_rules.is_own_line(opened.attributes):
                self._inline.break_line()

    def _is_in_cell(self, tag: str) -> bool:
        """Whether an element is, or was, a paragraph that stands in the cell of a table."""
        outer = self._open[-1:] if not self._open or self._open[-1].tag != tag else self._open[-2:-1]
        return tag in ("p", "div") and bool(outer) and outer[0].tag in ("td", "th")

    def _is_short_cell(self, opened: OpenElement) -> bool:
        text = self._inline.since(opened.mark) if len(self._inline) <= _ROW_CHARACTERS else ""
        return bool(text) and text[-1] not in _STOPS

    def _is_short_line(self, opened: OpenElement) -> bool:
        """Whether an element of a poem is one line, rather than a stanza or a paragraph."""
        return len(self._inline) - opened.mark.position <= _LINE_CHARACTERS and not self._inline.has_break(opened.mark)

    def _end_inline(self, opened: OpenElement) -> None:
        if phonemes := opened.attributes.get("ssml:ph"):
            ipa = to_ipa(phonemes) if opened.alphabet == "x-sampa" else phonemes
            self._inline.annotate(SpokenForm(opened.mark.position, len(self._inline), "ipa", ipa))
        if len(self._inline) - opened.mark.position > 2 * _LIKELY_CHARACTERS:
            return
        content = self._inline.since(opened.mark)
        if len(content) > _LIKELY_CHARACTERS:
            return
        likely = html_rules.find_likely_omission(opened.tag, opened.attributes)
        if opened.address:
            for outer in self._open:
                outer.address = outer.address or (opened.address if outer.is_raised else "")
            if html_rules.is_reference(content):
                likely = Omission.NOTE_REFERENCE
        if is_bullet(opened.attributes, content):
            self._inline.cut(opened.mark)
        elif likely is not None and html_rules.looks_like(likely, content):
            self._cut(opened, likely)
        elif opened.is_raised and content:
            linked = opened.address or next((outer.address for outer in self._open if outer.tag == "a"), "")
            text = read_superscript(content, self._inline.before(opened.mark), is_linked=bool(linked))
            if text is None:
                opened.address = linked
                self._cut(opened, Omission.NOTE_REFERENCE)
            elif text != content:
                self._inline.cut(opened.mark)
                self._inline.append(text, opened.style)
        elif html_rules.is_drop_cap(opened.tag, opened.attributes) and html_rules.is_single_letter(content):
            self._inline.join(drops_space=html_rules.is_consonant(content))

    def _cut_if_likely(self, opened: OpenElement) -> None:
        """Leave out a block that is what its class says: a page number, a line number."""
        likely = html_rules.find_likely_omission(opened.tag, opened.attributes)
        if likely is None or not self._inline.text or len(self._inline) - opened.mark.position > _LIKELY_CHARACTERS:
            return
        if html_rules.looks_like(likely, self._inline.since(opened.mark)):
            self._cut(opened, likely)

    def _cut(self, opened: OpenElement, omission: Omission) -> None:
        text = self._inline.cut(opened.mark)
        self._raised = (text, omission) if opened.is_raised and not opened.address and text.isdigit() else None
        if omission is Omission.NOTE_REFERENCE and self._refer(opened.address):
            return
        self._reading.omissions[omission] += text != ""
        if omission is Omission.PAGE_NUMBER and not self._inline.text:
            self._output.pass_page_number()

    # -- what is not read --------------------------------------------------------------------------------------------
    def _find_omission(self, opened: OpenElement) -> Omission | None:
        omission = html_rules.find_omission(opened.tag, opened.attributes)
        omission = omission or find_web_part(opened.tag, opened.attributes)
        if omission is Omission.NOTE and opened.tag == "span" and self._reading.options.notes != "skip":
            # Beside the text, with nothing that refers to it: it is read where it stands.
            return None
        if omission is None and self._hidden.hides(opened.tag, opened.attributes):
            omission = Omission.HIDDEN
        name = opened.name
        if omission is None and name not in self._page.anchors and self._references.is_note(name):
            # The id of a note may be that of its number: the first element of its paragraph.
            if opened.tag in html_rules.NOTE_BLOCKS:
                return Omission.NOTE
            if not self._inline.text and opened.tag not in BLOCKS and opened.tag not in HEADINGS:
                self._omit_block(name)
        return omission

    def _omit(self, opened: OpenElement, omission: Omission) -> None:
        """Leave an element out, or move it to the end of the page."""
        if omission is Omission.NOTE and self._references.reads_notes_elsewhere:
            self._begin_note(opened.name, len(self._open))
            return
        self._skip_from = len(self._open)
        if opened.tag in BLOCKS:
            self.end_block()
        if omission is Omission.PAGE_NUMBER and not self._inline.text:
            self._output.pass_page_number()
        if omission is Omission.NOTE_REFERENCE and self._refer(
            self._references.resolve(opened.attributes.get("href", ""))
        ):
            return
        # With the notes read at their references, nothing is missing.
        is_missing = opened.tag not in _NOTE_LISTS and opened.name and not self._references.is_note(opened.name)
        if omission is not Omission.NOTE or self._reading.options.notes == "skip" or is_missing:
            self._reading.omissions[omission] += 1

    def _omit_block(self, name: str) -> None:
        """Leave out the block that is open: the note of this name."""
        depth = next((at for at in range(len(self._open), 0, -1) if self._open[at - 1].tag in BLOCKS), None)
        if depth is None or self._open[depth - 1].tag not in html_rules.NOTE_BLOCKS:
            return
        if self._references.reads_notes_elsewhere:
            self._begin_note(name, depth)
            return
        if self._reading.options.notes == "skip":
            self._reading.omissions[Omission.NOTE] += 1
        self._skip_from = depth

    def _begin_note(self, name: str, depth: int) -> None:
        self.end_block()
        self._note_from = self._note_from or depth
        self._output.begin_note(self._references.address(name))

    def _refer(self, address: str) -> bool:
        """A note is referred to. Returns whether nothing of it is missing."""
        if self._output.is_in_note:
            # The link back to the reference of this note.
            return True
        if not address:
            return False
        if note := self._references.refer(address):
            self._append(f" ({note})")
            return True
        return self._reading.options.notes == "end"

    # -- text --------------------------------------------------------------------------------------------------------
    def _append(self, data: str) -> None:
        if data.strip():
            self._read_fraction(data)
            self._breaks = 0
            if self._begins_cell:
                self._inline.append(" " if self._inline.text[-1:] in _STOPS else ", ")
                self._begins_cell = False
        style = self._open[-1].style if self._open else NEUTRAL_STYLE
        if self._open and (characters := len(data.strip())):
            self._context.add(characters, self._open[-1].surroundings)
        self._inline.append(data, style)
        if len(self._inline) > 2 * _TEXT_CHARACTERS:
            self._emit_part()

    def _read_fraction(self, data: str) -> None:
        """A raised number before a stroke was none of a note, but of a fraction."""
        raised, self._raised = self._raised, None
        if raised is not None and data[0] in "/\u2044":
            self._inline.append(raised[0])
            self._reading.omissions[raised[1]] -= 1

    def _read_letter(self, alternative: str) -> None:
        """A letter as a picture belongs to the word behind it; other pictures are not read."""
        if letter := html_rules.find_pictured_letter(alternative):
            self._append(letter)
            self._pictured_letters += 1

    def _read_formula(self, opened: OpenElement) -> None:
        language = opened.style.language or self._reading.language or "en"
        spoken = self._math.read(opened.attributes.get("alttext", ""), language)
        if spoken is None:
            self._reading.omissions[Omission.FORMULA] += 1
        else:
            self._append(" ")
            self._inline.append_phrase(spoken, opened.style)

    # -- blocks ------------------------------------------------------------------------------------------------------
    def end_block(self, *, drops_cap: bool = False) -> None:
        """Complete the current block, if there is one."""
        text, context = self._inline.take(), self._context.take()
        heading, continues, chapters = self._heading, self._continues, self._chapters
        self._block, self._breaks, self._heading = self._block + 1, 0, None
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
        if heading is None and 2 * context.linked > len(text) and html_rules.is_navigation(text.text):
            self._reading.omissions[Omission.NAVIGATION] += 1
            return
        self._output.add_text(text, heading, continues=continues, context=context)

    def _emit_part(self) -> None:
        """Complete all but the last part of a text that is longer than a block."""
        for part in self._inline.take_parts():
            self._output.add_part(part, self._heading, continues=self._continues)
            self._heading, self._continues = None, True
        self._block += 1

    def _begin_chapter(self, opened: OpenElement) -> None:
        name = opened.name
        title = self._page.anchors.get(name)
        if title is None or name in self._begun:
            return
        self._begun.add(name)
        if self._preformatted is not None:
            self._output.add_paragraphs(self._preformatted.take(is_complete=True))
        if self._heading is not None:
            self._chapters.append(Chapter(title))
        else:
            self.end_block()
            self._output.add(Chapter(title))
