"""Follows the fields of a DOCX file: whose results are text, and whose are tables of contents, indexes or references.

Office Open XML, ECMA-376 part 1, 17.16. A field begins, has an instruction, perhaps in several pieces and with further
fields in it, and a result that may run over many paragraphs.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Fields that list where something is.
_LISTS = frozenset(["TOC", "INDEX", "TOA"])
#: Those that repeat the number of a note.
_NOTE_REFERENCES = frozenset(["NOTEREF"])
_INSTRUCTION_CHARACTERS = 100


@dataclass(slots=True)
class _Field:
    instruction: str = ""
    has_result: bool = False


class DocxFields:
    """The fields that are open, the innermost last."""

    def __init__(self) -> None:
        self._open: list[_Field] = []
        #: How many of them have no result yet, and how many are lists and references.
        self._waiting = self._lists = self._references = 0

    @property
    def is_in_list(self) -> bool:
        """Whether what is read now is the result of a table of contents or an index."""
        return self._lists > 0

    @property
    def is_silent(self) -> bool:
        """Whether what is read now is a part of an instruction."""
        return self._waiting > 0

    @property
    def is_in_reference(self) -> bool:
        """Whether what is read now is the number of a note."""
        return self._references > 0

    def begin(self) -> None:
        """A field begins."""
        self._open.append(_Field())
        self._waiting += 1

    def instruct(self, text: str) -> None:
        """A piece of the innermost field's instruction."""
        if self._open and not self._open[-1].has_result and len(self._open[-1].instruction) < _INSTRUCTION_CHARACTERS:
            self._open[-1].instruction += text[:_INSTRUCTION_CHARACTERS]

    def begin_result(self) -> None:
        """The innermost field's instruction ends."""
        if self._open and not self._open[-1].has_result:
            self._open[-1].has_result = True
            self._waiting -= 1
            self._count(self._open[-1], 1)

    def end_paragraph(self) -> None:
        """A paragraph ends, and with it the instructions in it."""
        for each in reversed(self._open):
            if not self._waiting:
                return
            if not each.has_result:
                each.has_result = True
                self._count(each, 1)
                self._waiting -= 1

    def end(self) -> bool:
        """The innermost field ends. Returns whether it was a table of contents or an index."""
        if not self._open:
            return False
        field = self._open.pop()
        if field.has_result:
            self._count(field, -1)
        else:
            self._waiting -= 1
        return is_list(field.instruction)

    def _count(self, field: _Field, change: int) -> None:
        self._lists += change * is_list(field.instruction)
        self._references += change * (_name(field.instruction) in _NOTE_REFERENCES)


def is_list(instruction: str) -> bool:
    """Whether a field of this instruction is a table of contents or an index."""
    return _name(instruction) in _LISTS


def _name(instruction: str) -> str:
    return next(iter(instruction.split(maxsplit=1)), "").upper()
