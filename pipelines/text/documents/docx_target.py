"""Receives the XML events of a DOCX file's text, and passes each on to what reads it; docx_blocks.py builds the blocks.

Office Open XML, ECMA-376 part 1: WordprocessingML. Knows elements and attributes; nothing of files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from pipelines.text.document import Block

from .docx_blocks import DocxBlocks
from .docx_fields import is_list
from .docx_formulas import FormulaReader
from .docx_paragraph import DocxParagraph
from .docx_styles import RUN_PROPERTIES, DocxStyles, attribute_of, is_set
from .docx_symbols import read_symbol
from .html_rules import Omission
from .reading import Reading
from .ruby import RubyReader
from .safe_xml import declared_entities_error

#: In the namespaces of the text, of the strict variant too; drawings have elements of the same names.
_TEXT_NAMESPACE = "wordprocessingml"
#: Their text is skipped: a text box is in the file twice, once as a fallback; a change of the format has the old one.
_SKIPPED = frozenset(
    ["Fallback", "del", "moveFrom", "delText", "rPrChange", "pPrChange", "sectPrChange", "tblPrChange", "numPrChange"]
)
#: The building blocks from which a structured part was made.
_CONTENTS_GALLERY = "Table of Contents"


class DocxTarget:
    """Receives the events of the XML parser."""

    def __init__(
        self,
        styles: DocxStyles,
        reading: Reading,
        notes: Mapping[str, str] = MappingProxyType({}),
        chapter_level: int = 0,
    ) -> None:
        """`notes`: their texts by kind and number. `chapter_level`: of the headings that begin chapters."""
        self._reading = reading
        self._blocks = DocxBlocks(styles, reading, notes, chapter_level)
        self._ruby = RubyReader()
        self._formula = FormulaReader()
        self._is_text = self._is_instruction = self._is_in_properties = False
        self._depth = self._part_properties = 0
        self._skip_from: int | None = None

    @property
    def characters(self) -> Counter[str]:
        """Letters by language (BCP 47), "" for those in the language that the document declares."""
        return self._blocks.context.characters

    # -- events of the parser ----------------------------------------------------------------------------------------
    def doctype(self, *_: object) -> None:
        """Refused: Office documents have no document type."""
        raise declared_entities_error("The document")

    def start(self, tag: str, attributes: Any) -> None:
        self._depth += 1
        namespace, _, name = tag.rpartition("}")
        if self._formula.is_open:
            self._formula.start(name)
        elif self._skip_from is not None:
            return
        elif name == "oMath":
            self._formula.start(name)
        elif name == "del" and self._is_in_properties:
            self._paragraph.goes_on = True
        elif name in _SKIPPED:
            self._skip_from = self._depth
        elif _TEXT_NAMESPACE not in namespace:
            return
        elif name == "t":
            self._is_text = True
        elif name == "instrText":
            self._is_instruction = True
        elif name in RUN_PROPERTIES:
            if not self._is_in_properties:
                self._paragraph.run = self._paragraph.run.set(name, attributes)
        elif name in self._STARTS:
            self._STARTS[name](self, attributes)

    def end(self, tag: str) -> None:
        namespace, _, name = tag.rpartition("}")
        if self._formula.is_open:
            if self._formula.end():
                self._read_formula()
        elif self._skip_from is not None:
            if self._depth <= self._skip_from:
                self._skip_from = None
        elif _TEXT_NAMESPACE not in namespace:
            pass
        elif name in ("t", "instrText"):
            self._is_text = self._is_instruction = False
        elif name in self._ENDS:
            self._ENDS[name](self)
        self._depth -= 1

    def data(self, data: str) -> None:
        if self._formula.is_open:
            self._formula.add(data)
        elif self._skip_from is not None:
            return
        elif self._is_instruction:
            self._blocks.fields.instruct(data)
        elif self._is_text and self._ruby.is_in_reading:
            self._ruby.add(data)
        elif self._is_text:
            self._blocks.append(data)

    def close(self) -> None:
        """Called by the parser at the end."""
        self._blocks.finish()

    def take(self) -> Iterator[Block]:
        """The blocks that were completed since the last call."""
        return self._blocks.nesting.take()

    # -- paragraphs --------------------------------------------------------------------------------------------------
    @property
    def _paragraph(self) -> DocxParagraph:
        return self._blocks.paragraph

    def _begin_paragraph(self, _: Any) -> None:
        self._blocks.begin_paragraph()

    def _end_paragraph(self) -> None:
        self._blocks.end_paragraph()

    def _begin_text_box(self, _: Any) -> None:
        self._blocks.begin_text_box()

    def _end_text_box(self) -> None:
        self._blocks.end_text_box()

    def _begin_properties(self, _: Any) -> None:
        self._is_in_properties = True

    def _end_properties(self) -> None:
        self._is_in_properties = False

    def _set_style(self, attributes: Any) -> None:
        self._paragraph.set_style(attribute_of(attributes, "val"))

    def _set_list(self, attributes: Any) -> None:
        self._paragraph.is_item = attribute_of(attributes, "val") != "0"

    def _set_outline_level(self, attributes: Any) -> None:
        level = attribute_of(attributes, "val")
        if level.isdigit():
            self._paragraph.level = int(level) + 1 if int(level) < 9 else None

    def _set_frame(self, attributes: Any) -> None:
        """A large first letter is a paragraph of its own beside the one that it begins."""
        self._paragraph.goes_on = attribute_of(attributes, "dropCap") in ("drop", "margin")

    # -- runs --------------------------------------------------------------------------------------------------------
    def _begin_run(self, _: Any) -> None:
        self._paragraph.begin_run()

    def _set_run_style(self, attributes: Any) -> None:
        self._paragraph.set_run_style(attribute_of(attributes, "val"))

    def _append_space(self, _: Any) -> None:
        self._blocks.append(" ")

    def _append_hyphen(self, _: Any) -> None:
        self._blocks.append("-")

    def _append_symbol(self, attributes: Any) -> None:
        self._blocks.append(read_symbol(attribute_of(attributes, "font"), attribute_of(attributes, "char")))

    def _break_line(self, attributes: Any) -> None:
        self._paragraph.break_line()

    def _read_formula(self) -> None:
        spoken = self._formula.read(self._blocks.context.language or "en")
        if spoken is None:
            self._reading.omissions[Omission.FORMULA] += 1
        else:
            self._paragraph.append_phrase(spoken)

    def _refer_to_footnote(self, attributes: Any) -> None:
        self._refer_to_note("footnote", attributes)

    def _refer_to_endnote(self, attributes: Any) -> None:
        self._refer_to_note("endnote", attributes)

    def _refer_to_note(self, kind: str, attributes: Any) -> None:
        self._paragraph.end_raised()
        self._paragraph.is_note_mark = is_set(attributes, "customMarkFollows")
        self._blocks.refer_to_note(f"{kind} {attribute_of(attributes, 'id')}")

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
        self._blocks.complete_paragraph()
        self._blocks.nesting.begin_row()

    def _begin_cell(self, _: Any) -> None:
        self._blocks.complete_paragraph()
        self._blocks.nesting.begin_cell()

    def _end_row(self) -> None:
        self._blocks.complete_paragraph()
        self._blocks.nesting.end_row()

    def _begin_field(self, attributes: Any) -> None:
        kind = attribute_of(attributes, "fldCharType")
        if kind == "begin":
            self._blocks.fields.begin()
        elif kind == "separate":
            self._blocks.fields.begin_result()
        elif kind == "end" and self._blocks.fields.end():
            self._paragraph.is_contents = True
            self._blocks.nesting.drop_part()

    def _begin_simple_field(self, attributes: Any) -> None:
        if is_list(attribute_of(attributes, "instr")):
            self._reading.omissions[Omission.NAVIGATION] += 1
            self._skip_from = self._depth

    def _begin_part(self, _: Any) -> None:
        self._blocks.nesting.begin_part()

    def _begin_part_properties(self, _: Any) -> None:
        self._part_properties = self._depth

    def _set_gallery(self, attributes: Any) -> None:
        if attribute_of(attributes, "val") == _CONTENTS_GALLERY:
            self._blocks.nesting.begin_contents()

    def _skip_placeholder(self, _: Any) -> None:
        """ "Click here to enter text": nobody entered any."""
        if self._depth == self._part_properties + 1:
            self._reading.omissions[Omission.HIDDEN] += 1
            self._blocks.nesting.end_part()
            self._skip_from = self._depth - 2

    def _end_part(self) -> None:
        self._blocks.nesting.end_part()

    _STARTS: ClassVar[Mapping[str, Callable[[DocxTarget, Any], None]]] = {
        "p": _begin_paragraph,
        "txbxContent": _begin_text_box,
        "pStyle": _set_style,
        "outlineLvl": _set_outline_level,
        "framePr": _set_frame,
        "pPr": _begin_properties,
        "sym": _append_symbol,
        "numId": _set_list,
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
        "sdtPr": _begin_part_properties,
        "docPartGallery": _set_gallery,
        "showingPlcHdr": _skip_placeholder,
    }
    _ENDS: ClassVar[Mapping[str, Callable[[DocxTarget], None]]] = {
        "p": _end_paragraph,
        "pPr": _end_properties,
        "txbxContent": _end_text_box,
        "tr": _end_row,
        "rt": _end_reading,
        "rubyBase": _end_ruby_base,
        "sdt": _end_part,
    }
