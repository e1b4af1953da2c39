"""Reads raised text by what stands before it: a power, the reference of a note, or the end of an abbreviation."""

from __future__ import annotations

import re

_RAISED = str.maketrans("0123456789+-−()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁽⁾ⁿ")
_NUMBER = re.compile(r"[+−-]?\d{1,3}")
_EXPONENT = re.compile(r"[+−-]?(?:\d{1,3}|n)")
_SYMBOLS = re.compile(r"[\[(]?(?:[*†‡§¶‖]{1,4}|\d{1,4}(?:(?:\s*[,;–-]\s*| )\d{1,4})*|[a-z])[\])]?")
#: What else may be linked: "iv", "note 3", "*, †".
_LINKED = re.compile(
    r"[\[(]?(?:[ivxlc]{2,6}|[IVXLC]{1,6}|(?:fn|note|nb|n)\.?\s*\d{1,4}|[*†‡§¶‖]{1,4}(?:[\s,]+[*†‡§¶‖]{1,4})*|[A-Z])[\])]?"
)
_BASE = re.compile(r"(\d[\d.,]*\d|\d|[^\W\d_]+|[)\]])$")
#: A whole word, not an abbreviation or a Roman numeral.
_WORD = re.compile(r"[a-zà-ÿ]{3}[.,;:!?\"'”’)]*$")
#: "= mc", "+ ab": variables behind an operator.
_FACTORS = re.compile(r"[=+−×·/<>(-]\s?[^\W\d_]{2}$")
_FUNCTIONS = frozenset(["sin", "cos", "tan", "log", "ln"])
_MARKS = {"TM": "™", "SM": "℠"}
#: "n" of "nº 5".
_NUMERO = re.compile(r"(?<!\w)[nN]$")
_PRICE = re.compile(r"[$€£]\s?\d[\d,]*$")
_CENTS = re.compile(r"\d\d")
#: Units that are squared and cubed.
_UNITS = frozenset(["mm", "cm", "dm", "km", "ft", "yd", "mi", "µm", "nm", "ha"])


def read_superscript(content: str, before: str, *, is_linked: bool) -> str | None:
    """The text to read for raised `content`; None where it is the reference of a note.

    `before`: the text in front of it. `is_linked`: whether it is, or is in, a link within the book.
    """
    if is_linked and (_SYMBOLS.fullmatch(content) or _LINKED.fullmatch(content)):
        return None
    if content.upper() in _MARKS:
        return _MARKS[content.upper()]
    if content == "o" and _NUMERO.search(before):
        return "°"
    if _CENTS.fullmatch(content) and _PRICE.search(before):
        return f".{content}"
    if _EXPONENT.fullmatch(content) and _is_base(before, content):
        return content.translate(_RAISED)
    if len(content) == 1 and content.isalpha() and _WORD.search(before):
        return None
    if _NUMBER.fullmatch(content) or (_SYMBOLS.fullmatch(content) and not content.isalpha()):
        return None
    return content


def _is_base(before: str, exponent: str) -> bool:
    """Whether the text ends with what is raised to powers: a short number, a variable, a unit, a bracket."""
    found = _BASE.search(before)
    if found is None:
        return False
    base = found.group()
    if exponent == "1":
        # A note, or the numerator of a fraction.
        return False
    if base[0].isdigit():
        # "10⁶" and "15²", but a note in "1912¹" and "37 000¹".
        return base == "10" or len(base) == 1 or (exponent in ("2", "3", "n") and len(base) <= 3)
    if base in ")]":
        return exponent in ("2", "3", "n", "-1", "−1")
    return len(base) == 1 or base in _UNITS or base in _FUNCTIONS or _FACTORS.search(before) is not None
