"""Follows the fields of a DOCX file: whose results are text, and whose are tables of contents or an index.

Office Open XML, ECMA-376 part 1, 17.16. A field begins, has an instruction, perhaps in several pieces, and a result
that may run over many paragraphs.
"""

from __future__ import annotations

#: Fields that list where something is.
_LISTS = frozenset(["TOC", "INDEX", "TOA"])


class DocxFields:
    """The fields that are open, the innermost last."""

    def __init__(self) -> None:
        self._instructions: list[str] = []

    @property
    def is_in_list(self) -> bool:
        """Whether what is read now is the result of a table of contents or an index."""
        return any(map(is_list, self._instructions))

    def begin(self) -> None:
        """A field begins."""
        self._instructions.append("")

    def instruct(self, text: str) -> None:
        """A piece of the innermost field's instruction."""
        if self._instructions:
            self._instructions[-1] += text[:100]

    def end(self) -> bool:
        """The innermost field ends. Returns whether it was a table of contents or an index."""
        return bool(self._instructions) and is_list(self._instructions.pop())


def is_list(instruction: str) -> bool:
    """Whether a field of this instruction is a table of contents or an index."""
    return instruction.split()[:1] != [] and instruction.split(maxsplit=1)[0].upper() in _LISTS
