"""Reads the formulas of a DOCX file as those of MathML, whose elements have other names.

Office Open XML, ECMA-376 part 1, 22.1: Office Math. Knows elements of formulas; nothing of paragraphs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .mathml import MathReader

#: Elements of Office's formulas → of MathML; others are properties.
_ELEMENTS: Mapping[str, str] = {
    "oMath": "math",
    "sSup": "msup",
    "sSub": "msub",
    "sSubSup": "msubsup",
    "f": "mfrac",
    "rad": "msqrt",
    "d": "mfenced",
    **dict.fromkeys(
        ("e", "num", "den", "sup", "sub", "r", "t", "func", "fName", "box", "borderBox", "ins", "moveTo"), "mrow"
    ),
}
#: What has no plain reading, or another one than its parts have.
_UNREADABLE = frozenset(
    ["nary", "m", "eqArr", "acc", "bar", "limLow", "limUpp", "groupChr", "sPre", "begChr", "endChr", "sepChr"]
)
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+|\S")


class FormulaReader:
    """Collects the elements of one formula and reads them."""

    def __init__(self) -> None:
        self._math = MathReader()
        self._is_readable = True
        #: The open elements within the degree of a root.
        self._degree = 0

    @property
    def is_open(self) -> bool:
        """Whether a formula has begun and not ended."""
        return self._math.is_open

    def start(self, name: str) -> None:
        """An element begins, the first of which is `oMath`."""
        if not self.is_open:
            self._is_readable, self._degree = True, 0
        if name in _UNREADABLE:
            self._is_readable = False
        self._degree += name == "deg" or self._degree > 0
        self._math.start(_ELEMENTS.get(name, "none"))

    def end(self) -> bool:
        """The innermost element ends. Returns whether that was the formula."""
        self._degree = max(0, self._degree - 1)
        return self._math.end()

    def add(self, text: str) -> None:
        """Numbers, names and operators, which are in one text here and elements of their own in MathML."""
        if self._degree:
            self._is_readable = self._is_readable and not text.strip()
            return
        for token in _TOKEN.findall(text):
            self._math.start("mn" if token[0].isdigit() else "mi" if token[0].isalpha() else "mo")
            self._math.add(token)
            self._math.end()

    def read(self, language: str) -> str | None:
        """The words of the formula in a language (BCP 47); None where it has no plain reading."""
        return self._math.read("", language) if self._is_readable else None
