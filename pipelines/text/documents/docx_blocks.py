"""Turns the XML events of a DOCX file's text into blocks: paragraphs, headings, rows of tables.

Office Open XML, ECMA-376 part 1: WordprocessingML. Knows elements and styles; nothing of files.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar

from pipelines.language_tags import same_language
from pipelines.text.document import Block, Heading, Paragraph, split_annotated
from pipelines.text.lines import join_wrapped_lines
from pipelines.text.style import NEUTRAL_STYLE, Style

from .docx_fields import DocxFields, is_list
from .docx_nesting import BlockNesting
from .docx_styles import PLAIN, RUN_PROPERTIES, DocxStyles, RunProperties, attribute_of
from .html_rules import Omission
from .inline_text import InlineText, Mark
from .mathml import MathReader
from .reading import Reading
from .ruby import RubyReader
from .safe_xml import declared_entities_error
from .superscript import read_superscript

#: A longer paragraph is passed on in parts.
_TEXT_CHARACTERS = 32_768
#: Elements whose text is skipped; a text box is in the file twice, once as a fallback, and a
#: tracked change of the format has the old one.
_SKIPPED = frozenset(
    ["Fallback", "del", "moveFrom", "delText", "rPrChange", "pPrChange", "sectPrChange", "tblPrChange"]
)
#: Elements of Office's formulas → of MathML.
_MATH: Mapping[str, str] = {
    "oMath": "math",
    "sSup": "msup",
    "sSub": "msub",
    "sSubSup": "msubsup",
    "f": "mfrac",
    "rad": "msqrt",
    "d": "mrow",
    "e": "mrow",
    "num": "mrow",
    "den": "mrow",
    "sup": "mrow",
    "sub": "mrow",
    "r": "mrow",
    "t": "mrow",
}


_MATH_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+|\S")


@dataclass(slots=True)
class _ParagraphState:
    """A paragraph that is read."""

    inline: InlineText = field(default_factory=InlineText)
    level: int | None = None
    continues: bool = False
    is_contents: bool = False
    #: What its style says of its runs.
    properties: RunProperties = PLAIN


@dataclass(slots=True)
class _Run:
    """The run that is read: what its style says, and what it says itself."""

    style: RunProperties = PLAIN
    own: RunProperties = PLAIN


class DocxTarget:
    """Parser target: receives the events of the XML parser and collects blocks."""

    def __init__(self, styles: DocxStyles, reading: Reading, notes: Mapping[str, str] = MappingProxyType({})) -> None:
        """`notes`: their texts by kind and number."""
        self._styles, self._reading, self._notes = styles, reading, notes
        #: Notes to be read at the end.
        self.notes: list[str] = []
        #: Characters by language (BCP 47), "" for those without one.
        self.characters: Counter[str] = Counter()
        self._nesting = BlockNesting()
        #: A text box is a paragraph within a paragraph.
        self._paragraphs = [_ParagraphState()]
        self._run = _Run()
        self._raised: Mark | None = None
        self._fields = DocxFields()
        self._ruby = RubyReader()
        self._is_text = self._is_instruction = False
        self._depth = 0
        self._skip_from: int | None = None
        self._math = MathReader()

    # -- events of the parser ----------------------------------------------------------------------------------------
    def doctype(self, *_: object) -> None:
        """Refused: Office documents have no document type."""
        raise declared_entities_error("The document")

    def start(self, tag: str, attributes: Any) -> None:
        self._depth += 1
        name = tag.rpartition("}")[2]
        if self._math.is_open:
            self._math.start(_MATH.get(name, "none"))
        elif self._skip_from is not None:
            return
        elif name in _SKIPPED:
            self._skip_from = self._depth
        elif name == "oMath":
            self._math.start("math")
        elif name == "t":
            self._is_text = True
        elif name == "instrText":
            self._is_instruction = True
        elif name in RUN_PROPERTIES:
            self._run.own = self._run.own.set(name, attributes)
        elif name in self._STARTS:
            self._STARTS[name](self, attributes)

    def end(self, tag: str) -> None:
        name = tag.rpartition("}")[2]
        if self._math.is_open:
            if self._math.end():
                self._read_formula()
        elif self._skip_from is not None:
            if self._depth <= self._skip_from:
                self._skip_from = None
        elif name in ("t", "instrText"):
            self._is_text = self._is_instruction = False
        elif name in self._ENDS:
            self._ENDS[name](self)
        self._depth -= 1

    def data(self, data: str) -> None:
        if self._math.is_open:
            self._add_formula(data)
        elif self._skip_from is not None:
            return
        elif self._is_instruction:
            self._fields.instruct(data)
        elif self._is_text and self._ruby.is_in_reading:
            self._ruby.add(data)
        elif self._is_text:
            self._append(data)

    def close(self) -> None:
        """Called by the parser at the end."""

    def take(self) -> Iterator[Block]:
        """The blocks that were completed since the last call."""
        return self._nesting.take()

    # -- paragraphs --------------------------------------------------------------------------------------------------
    @property
    def _paragraph(self) -> _ParagraphState:
        return self._paragraphs[-1]

    def _begin_paragraph(self, _: Any) -> None:
        self._paragraphs[-1], self._run = _ParagraphState(), _Run()

    def _begin_text_box(self, _: Any) -> None:
        self._paragraphs.append(_ParagraphState())

    def _end_text_box(self) -> None:
        self._end_paragraph()
        if len(self._paragraphs) > 1:
            self._paragraphs.pop()

    def _set_style(self, attributes: Any) -> None:
        style = attribute_of(attributes, "val")
        self._paragraph.level = self._styles.heading_levels.get(style, self._paragraph.level)
        self._paragraph.is_contents = style in self._styles.contents
        self._paragraph.properties = self._styles.runs.get(style, PLAIN)

    def _set_outline_level(self, attributes: Any) -> None:
        level = attribute_of(attributes, "val")
        if level.isdigit():
            self._paragraph.level = int(level) + 1 if int(level) < 9 else None

    def _end_paragraph(self) -> None:
        self._end_raised()
        paragraph, self._paragraphs[-1] = self._paragraph, _ParagraphState()
        text = paragraph.inline.take()
        if not text.text:
            return
        if paragraph.is_contents or self._fields.is_in_list:
            self._reading.omissions[Omission.NAVIGATION] += 1
            return
        parts = list(split_annotated(join_wrapped_lines(text)))
        if paragraph.level is not None:
            first = parts.pop(0)
            self._nesting.emit(Heading(first.text, paragraph.level, first.styles, first.spoken_forms))
        for number, part in enumerate(parts):
            self._nesting.emit(Paragraph.from_annotated(part, continues=paragraph.continues or number > 0))

    # -- runs --------------------------------------------------------------------------------------------------------
    def _begin_run(self, _: Any) -> None:
        self._run = _Run()

    def _set_run_style(self, attributes: Any) -> None:
        self._run.style = self._styles.runs.get(attribute_of(attributes, "val"), PLAIN)

    @property
    def _properties(self) -> RunProperties:
        return self._run.own.over(self._run.style).over(self._paragraph.properties)

    def _style_of(self, properties: RunProperties) -> Style:
        """The style of text that is in another language than the document."""
        language, own = properties.language, self._reading.language or self._styles.language
        is_own = not language or (own and same_language(language, own))
        return NEUTRAL_STYLE if is_own else Style(language=language)

    def _append(self, data: str) -> None:
        properties = self._properties
        if properties.is_hidden:
            self._reading.omissions[Omission.HIDDEN] += 1
            return
        inline = self._paragraph.inline
        if properties.is_raised and self._raised is None:
            self._raised = inline.mark()
        elif not properties.is_raised:
            self._end_raised()
        style = self._style_of(properties)
        self.characters[style.language or ""] += len(data)
        inline.append(data, style)
        if len(inline) > _TEXT_CHARACTERS and not self._nesting.is_in_row:
            self._emit_part()

    def _end_raised(self) -> None:
        """Decide what raised text is, now that all of it is known."""
        mark, self._raised = self._raised, None
        if mark is None:
            return
        inline = self._paragraph.inline
        content = inline.since(mark)
        text = read_superscript(content, inline.before(mark), is_linked=False)
        if text != content:
            inline.cut(mark)
            if text is None:
                self._reading.omissions[Omission.NOTE_REFERENCE] += 1
            else:
                inline.append(text, self._style_of(self._properties))

    def _append_space(self, _: Any) -> None:
        self._append(" ")

    def _append_hyphen(self, _: Any) -> None:
        self._append("-")

    def _break_line(self, attributes: Any) -> None:
        self._end_raised()
        self._paragraph.inline.break_line()

    def _add_formula(self, text: str) -> None:
        """Numbers, names and operators, which are in one text here and elements of their own in MathML."""
        for token in _MATH_TOKEN.findall(text):
            self._math.start("mn" if token[0].isdigit() else "mi" if token[0].isalpha() else "mo")
            self._math.add(token)
            self._math.end()

    def _read_formula(self) -> None:
        spoken = self._math.read("", self._reading.language or self._styles.language or "en")
        if spoken is None:
            self._reading.omissions[Omission.FORMULA] += 1
        else:
            self._append(f" {spoken} ")

    def _refer_to_footnote(self, attributes: Any) -> None:
        self._refer_to_note("footnote", attributes)

    def _refer_to_endnote(self, attributes: Any) -> None:
        self._refer_to_note("endnote", attributes)

    def _refer_to_note(self, kind: str, attributes: Any) -> None:
        self._end_raised()
        name = f"{kind} {attribute_of(attributes, 'id')}"
        note = self._notes.get(name)
        if name in self._reading.note_addresses:
            # It is read, or counted, once.
            self._reading.omissions[Omission.NOTE_REFERENCE] += 1
        elif note is None or self._reading.options.notes == "skip":
            self._reading.omissions[Omission.NOTE] += 1
        elif self._reading.options.notes == "inline":
            self._paragraph.inline.append(f" ({note})", self._style_of(self._paragraph.properties))
        else:
            self.notes.append(note)
        self._reading.note_addresses.add(name)

    def _begin_ruby(self, _: Any) -> None:
        # The reading stands before what it belongs to.
        self._ruby.start_reading()

    def _end_reading(self) -> None:
        self._ruby.is_in_reading = False

    def _begin_ruby_base(self, _: Any) -> None:
        self._ruby.start(self._paragraph.inline)

    def _end_ruby_base(self) -> None:
        self._ruby.end_reading(self._paragraph.inline)

    # -- tables, fields, structured parts ----------------------------------------------------------------------------
    def _begin_row(self, _: Any) -> None:
        self._nesting.begin_row()

    def _begin_cell(self, _: Any) -> None:
        self._nesting.begin_cell()

    def _end_row(self) -> None:
        self._nesting.end_row()

    def _begin_field(self, attributes: Any) -> None:
        kind = attribute_of(attributes, "fldCharType")
        if kind == "begin":
            self._fields.begin()
        elif kind == "end" and self._fields.end():
            self._paragraph.is_contents = True
            self._nesting.drop_part()

    def _begin_simple_field(self, attributes: Any) -> None:
        if is_list(attribute_of(attributes, "instr")):
            self._reading.omissions[Omission.NAVIGATION] += 1
            self._skip_from = self._depth

    def _begin_part(self, _: Any) -> None:
        self._nesting.begin_part()

    def _end_part(self) -> None:
        self._nesting.end_part()

    def _emit_part(self) -> None:
        """Complete all but the last part of a paragraph that is longer than a block."""
        paragraph = self._paragraph
        for part in paragraph.inline.take_parts():
            self._nesting.emit(Paragraph.from_annotated(part, continues=paragraph.continues))
            paragraph.continues = True
        self._raised = None

    _STARTS: ClassVar[Mapping[str, Callable[[DocxTarget, Any], None]]] = {
        "p": _begin_paragraph,
        "txbxContent": _begin_text_box,
        "pStyle": _set_style,
        "outlineLvl": _set_outline_level,
        "r": _begin_run,
        "rStyle": _set_run_style,
        "rt": _begin_ruby,
        "rubyBase": _begin_ruby_base,
        "footnoteReference": _refer_to_footnote,
        "endnoteReference": _refer_to_endnote,
        "tab": _append_space,
        "ptab": _append_space,
        "br": _break_line,
        "cr": _break_line,
        "noBreakHyphen": _append_hyphen,
        "tr": _begin_row,
        "tc": _begin_cell,
        "fldChar": _begin_field,
        "fldSimple": _begin_simple_field,
        "sdt": _begin_part,
    }
    _ENDS: ClassVar[Mapping[str, Callable[[DocxTarget], None]]] = {
        "p": _end_paragraph,
        "txbxContent": _end_text_box,
        "tr": _end_row,
        "rt": _end_reading,
        "rubyBase": _end_ruby_base,
        "sdt": _end_part,
    }
