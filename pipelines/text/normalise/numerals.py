"""Numbers as words, in one language: cardinal, decimal, ordinal, Roman, years, digit by digit.

num2words has the words; this module knows how a number is written in the language (thousands separator, decimal mark)
and corrects the few words that people say differently.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from num2words import num2words

#: A longer number is an account or a serial number and is spoken digit by digit.
_LONGEST_NUMBER = 15
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


@dataclass(frozen=True, slots=True)
class NumberStyle:
    """How a language writes and speaks numbers: table [numbers] of its rules."""

    #: Name of the language for num2words.
    words: str
    #: The thousands separators, and the decimal mark.
    groups: str
    decimal: str
    point_word: str
    minus_word: str
    #: Up to how many decimals are spoken as one number ("virgule quatorze"); 0 = one by one.
    decimals_as_number: int = 0
    #: A word that num2words inserts and people leave out.
    without: str = ""
    #: Pattern and replacement, for words that num2words spells wrongly.
    corrections: Sequence[Sequence[str]] = ()


class Numerals:
    """Words for written numbers. All methods raise ValueError for what is not a number."""

    def __init__(self, style: NumberStyle) -> None:
        self._style = style
        self.minus_word = style.minus_word
        self.decimal_mark = style.decimal

    def cardinal(self, written: str) -> str:
        """A whole number with or without thousands separators: "1,234"; long ones digit by digit."""
        digits = written.translate(dict.fromkeys(map(ord, self._style.groups + " ")))
        if len(digits) > _LONGEST_NUMBER or (len(digits) > 1 and digits.startswith("0")):
            return self.digits(digits)
        return self._words(int(digits), "cardinal")

    def number(self, written: str) -> str:
        """Any number: "-3.5", "1,234", "007"."""
        sign = f"{self._style.minus_word} " if written[:1] in "-−" else ""
        whole, mark, decimals = written.lstrip("-−").partition(self._style.decimal)
        if not mark:
            return sign + self.cardinal(whole)
        return f"{sign}{self.cardinal(whole or '0')} {self._style.point_word} {self._decimals(decimals)}"

    def value(self, written: str) -> float:
        """The value of a written number, to choose between singular and plural."""
        plain = written.translate(dict.fromkeys(map(ord, self._style.groups + " ")))
        return float(plain.replace(self._style.decimal, ".").replace("−", "-"))

    def ordinal(self, written: str) -> str:
        """The uninflected ordinal of a whole number: "third", "dritte", "troisième", "tercero"."""
        return self._words(self._parse_short(written, _LONGEST_NUMBER), "ordinal")

    def year(self, written: str) -> str:
        """A year in its spoken form: "nineteen eighty-four"."""
        return self._words(self._parse_short(written, 6), "year")

    def digits(self, written: str) -> str:
        """Digit by digit; everything between the digits is left out."""
        found = re.findall(r"\d", written)
        if not found:
            raise ValueError(f"no digits in {written!r}")
        return " ".join(self._words(int(digit), "cardinal") for digit in found)

    def _parse_short(self, written: str, longest: int) -> int:
        digits = written.translate(dict.fromkeys(map(ord, self._style.groups + " ")))
        if len(digits) > longest:
            raise ValueError(f"{written!r} is no ordinal or year")
        return int(digits)

    def _decimals(self, digits: str) -> str:
        if len(digits) > self._style.decimals_as_number:
            return self.digits(digits)
        zeros = len(digits) - len(digits.lstrip("0"))
        spoken = [self._words(0, "cardinal")] * zeros
        return " ".join([*spoken, *([self._words(int(digits), "cardinal")] if zeros < len(digits) else [])])

    def _words(self, value: int, to: str) -> str:
        try:
            words = num2words(value, lang=self._style.words, to=to)
        except (OverflowError, NotImplementedError) as error:
            raise ValueError(f"{value} has no words") from error
        said = str(words).replace(self._style.without, "") if self._style.without else str(words)
        for pattern, replacement in self._style.corrections:
            said = re.sub(pattern, replacement, said)
        return said


def parse_roman(written: str) -> int:
    """The value of a Roman numeral. Raises ValueError for anything else."""
    values = [_ROMAN[letter] for letter in written.upper() if letter in _ROMAN]
    total = sum(-one if one < after else one for one, after in itertools.pairwise([*values, 0]))
    if len(values) != len(written) or not values or _roman(total) != written.upper():
        raise ValueError(f"{written!r} is no Roman numeral")
    return total


def _roman(value: int) -> str:
    signs: Mapping[int, str] = {
        1000: "M",
        900: "CM",
        500: "D",
        400: "CD",
        100: "C",
        90: "XC",
        50: "L",
        40: "XL",
        10: "X",
        9: "IX",
        5: "V",
        4: "IV",
        1: "I",
    }
    written = ""
    for amount, sign in signs.items():
        written += sign * (value // amount)
        value %= amount
    return written
