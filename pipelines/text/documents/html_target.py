"""Turns the elements of a page into blocks, as the parser of HTML reports them; html_rules.py says what is not read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.text.document import HORIZONTAL_RULE, Block

from . import html_rules
from .block_builder import BlockBuilder
from .block_output import BlockOutput
from .code_blocks import PreformattedText
from .html_page import OpenElement, Page, PageMetadata
from .html_rules import BLOCKS, HEADINGS, Omission
from .inline_elements import InlineElements
from .mathml import MathReader
from .omitted_elements import OmittedElements
from .page_head import PageHead
from .reading import Reading
from .ruby import RubyReader
from .style_sheets import StyleRules
from .verse import is_line

_PICTURES = frozenset(["img", "image", "svg", "object"])
_RUBY = frozenset(["ruby", "rb", "rp", "rt", "rtc"])


class HtmlTarget:
    """Receives the events of the parser and passes each on to what reads it."""

    def __init__(self, metadata: PageMetadata, page: Page, reading: Reading) -> None:
        self._reading = reading
        self._output = BlockOutput(metadata, reading)
        self._builder = BlockBuilder(metadata, page, reading, self._output)
        self._open, self._inline = self._builder.open, self._builder.inline
        self._styles = StyleRules()
        self._omitted = OmittedElements(page, reading, self._builder, self._output, self._styles)
        self._inline_elements = InlineElements(self._builder, self._omitted)
        self._head = PageHead(metadata, page, reading, self._styles, self._output)
        self._is_picture = page.media_type == "image/svg+xml"
        self._preformatted: PreformattedText | None = None
        self._ruby, self._math = RubyReader(), MathReader()

    def count_work(self, tags: int) -> None:
        """Raises `BadInput` for a page whose open elements make the parser work without end; `tags`: to be parsed."""
        self._open.count_work(tags)

    def add_style_sheet(self, style_sheet: str) -> None:
        """The rules of a style sheet, of which those count that hide elements or raise their text."""
        self._styles.add(style_sheet)

    # -- events of the parser ----------------------------------------------------------------------------------------
    def start(self, tag: str, attributes: Any) -> None:
        values = {name: value or "" for name, value in attributes.items()}
        opened = self._open.push(tag, values, self._inline.mark(), self._builder.number)
        opened.is_raised = opened.is_raised or (tag in html_rules.RAISED_BY_STYLE and self._styles.raises(tag, values))
        self._reading.pictures += tag in _PICTURES
        self._head.start(tag, values, self._open)
        self._begin_chapter(opened)
        if self._math.is_open:
            self._math.start(tag)
        elif self._omitted.is_skipping:
            return
        elif tag == "math":
            self._math.start(tag)
        elif self._is_never_read(tag, values):
            self._omitted.skip()
        elif (omission := self._omitted.find_omission(opened)) is not None:
            self._omitted.omit(opened, omission)
        else:
            self._start_element(opened)

    def end(self, tag: str) -> None:
        self._head.end()
        opened = self._open.pop()
        if opened is None:
            return
        if self._math.is_open:
            if self._math.end():
                self._read_formula(opened)
        elif self._omitted.is_skipping:
            self._omitted.end_skipped()
        else:
            self._end_element(opened)
            self._omitted.end_note()

    def data(self, data: str) -> None:
        self._head.add(data)
        if self._math.is_open:
            self._math.add(data)
        elif self._omitted.is_skipping:
            return
        elif self._preformatted is not None:
            self._preformatted.add(data)
            if self._preformatted.is_full:
                self._output.add_paragraphs(self._preformatted.take())
        elif self._ruby.holds_text:
            self._ruby.add(data)
        else:
            self._builder.append(data)

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
        self._builder.end_block()
        self._output.finish()

    # -- elements that are read --------------------------------------------------------------------------------------
    def _start_element(self, opened: OpenElement) -> None:
        tag, attributes = opened.tag, opened.attributes
        if self._preformatted is not None and tag in ("br", "code", "samp", "kbd"):
            if tag == "br":
                self._preformatted.add("\n")
            else:
                self._preformatted.say_code()
        elif (level := html_rules.find_heading_level(tag, attributes)) is not None:
            self._builder.begin_heading(level)
        elif tag in BLOCKS:
            self._start_block(opened)
        elif tag == "br":
            self._builder.break_line()
        elif tag == "img":
            self._builder.append_picture(attributes.get("alt", "").strip())
        elif tag in ("td", "th"):
            self._builder.begin_cell()
        elif tag == "sub":
            self._builder.begin_denominator()
        elif tag == "q":
            self._builder.append("“")
        elif tag in _RUBY:
            self._start_ruby(tag)
        elif tag == "span" and not opened.is_raised:
            self._builder.pass_edge()
            if html_rules.is_own_line(attributes):
                self._inline.break_line()
        elif tag == "tspan" and not {"x", "y", "dy"}.isdisjoint(attributes):
            self._builder.append(" ")
        elif tag in ("a", "noteref"):
            opened.addresses = self._omitted.find_addresses(opened)
        # What was opened ends a block: its content begins behind that.
        opened.mark, opened.block = self._inline.mark(), self._builder.number

    def _start_block(self, opened: OpenElement) -> None:
        tag, attributes = opened.tag, opened.attributes
        if opened.is_verse and is_line(tag, attributes):
            self._inline.break_line()
            return
        if self._builder.goes_on_in_cell(tag):
            return
        self._builder.end_block()
        if tag == "hr":
            self._output.add(HORIZONTAL_RULE)
        elif tag == "pre" and self._preformatted is None:
            self._preformatted = PreformattedText(self._reading, is_code=html_rules.is_code(attributes))

    def _end_element(self, opened: OpenElement) -> None:
        tag = opened.tag
        if tag == "pre" and self._preformatted is not None:
            preformatted, self._preformatted = self._preformatted, None
            self._output.add_paragraphs(preformatted.finish())
        elif tag in HEADINGS or tag in BLOCKS:
            self._end_block(opened)
        elif tag == "q":
            self._builder.append("”")
        elif tag in _RUBY:
            self._end_ruby(tag)
        elif opened.block == self._builder.number:
            self._inline_elements.end(opened)
            if tag == "span" and not opened.is_raised:
                self._builder.pass_edge()
            if tag == "span" and html_rules.is_own_line(opened.attributes):
                self._inline.break_line()

    def _end_block(self, opened: OpenElement) -> None:
        tag, attributes = opened.tag, opened.attributes
        if opened.block == self._builder.number:
            self._inline_elements.pronounce(opened)
            self._inline_elements.cut_if_likely(opened)
            if self._builder.is_short_cell(opened):
                return
            if opened.is_verse and is_line(tag, attributes) and self._builder.is_short_line(opened):
                self._inline.break_line()
                return
        self._builder.end_block(drops_cap=html_rules.is_drop_cap(tag, attributes))

    def _start_ruby(self, tag: str) -> None:
        if tag == "ruby":
            self._ruby.start(self._inline)
        elif tag == "rb":
            self._ruby.start_base()
        elif tag == "rp":
            self._ruby.start_brackets()
        elif tag == "rt":
            self._ruby.start_reading()
        else:
            self._ruby.start_container()

    def _end_ruby(self, tag: str) -> None:
        if tag == "ruby":
            self._ruby.end()
        elif tag == "rp":
            self._ruby.end_brackets()
        elif tag == "rt" and self._ruby.is_in_reading:
            self._ruby.end_reading(self._inline)
        elif tag == "rtc":
            self._ruby.end_container(self._inline)

    def _is_never_read(self, tag: str, attributes: Mapping[str, str]) -> bool:
        if (tag == "rp" and self._ruby.is_open) or (tag == "svg" and self._is_picture):
            return False
        return html_rules.is_never_read(tag, attributes)

    def _begin_chapter(self, opened: OpenElement) -> None:
        if not self._builder.begins_chapter(opened):
            return
        if self._preformatted is not None:
            self._output.add_paragraphs(self._preformatted.take(is_complete=True))
        self._builder.begin_chapter(opened)

    def _read_formula(self, opened: OpenElement) -> None:
        language = opened.style.language or self._reading.language or "en"
        alternative = opened.attributes.get("alttext") or opened.attributes.get("aria-label", "")
        spoken = self._math.read(alternative, language)
        if spoken is None:
            self._reading.omissions[Omission.FORMULA] += 1
        else:
            self._builder.append_phrase(spoken, opened.style)
