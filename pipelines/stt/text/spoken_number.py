"""Parses one number from a sequence of words: cardinals, ordinals, decimals, years, single digits, percentages.

A recursive descent parser; the words are in the tables of number_words.py. Knows no times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.text.number_words import NumberWords

#: So many single digits are one number; fewer are numbers of their own.
_MIN_DIGITS = 3
#: First halves of a year: "thirteen", … "twenty".
_CENTURIES = range(13, 21)
#: From here on the scale of a round number stays a word: "3 million".
_FIRST_WORD_SCALE = 10**6


@dataclass(frozen=True, slots=True)
class ParsedNumber:
    """The next `length` words are written `text`."""

    length: int
    text: str


class NumberParser:
    """Parser of the numbers in `words`, lower case. `closes[i]`: punctuation after word i ends a number there."""

    def __init__(self, words: Sequence[str], closes: Sequence[bool], table: NumberWords) -> None:
        self._words = words
        self._closes = closes
        self._table = table

    def parse(self, at: int) -> ParsedNumber | None:
        """The number that begins at word `at`; None where there is none, or one that stays a word."""
        return self._digits(at) or self._year(at) or self._decimal(at) or self._ordinal(at) or self._cardinal(at)

    # -- the five kinds of numbers ---------------------------------------------------------------------------
    def _digits(self, at: int) -> ParsedNumber | None:
        """ "five five double one oh" """
        digits, end = "", at
        while True:
            times = self._table.repeats.get(self._word(end), 1)
            position = end + (times > 1)
            digit = self._digit(position)
            if digit is None or (position > at and not self._continues(at, position)):
                break
            digits += digit * times
            end = position + 1
        if len(digits) < _MIN_DIGITS or self._is_larger_part(end, at):
            return None
        return ParsedNumber(end - at, digits)

    def _year(self, at: int) -> ParsedNumber | None:
        """ "nineteen eighty four", "twenty oh five"; not in a row of further numbers."""
        century = self._below_hundred(at)
        if century is None or century[1] != 1 or century[0] not in _CENTURIES or not self._continues(at, at + 1):
            return None
        if self._word(at + 1) in self._table.zero_among_digits and self._continues(at, at + 2):
            unit = self._table.units.get(self._word(at + 2))
            rest = None if unit is None else (unit, 2)
        else:
            rest = self._below_hundred(at + 1)
            if rest is not None and rest[0] < 10:
                return None
        if rest is None or not self._continues(at, at + rest[1]):
            return None
        end = at + 1 + rest[1]
        if self._is_larger_part(end, at) or self._is_number(end) or self._is_number(at - 1):
            return None
        return ParsedNumber(end - at, f"{century[0]}{rest[0]:02}")

    def _decimal(self, at: int) -> ParsedNumber | None:
        """ "three point one four", "zero point five percent", "two point five million" """
        whole = self._whole(at) or ((0, 1) if self._word(at) == self._table.zero else None)
        if whole is None:
            return None
        end = at + whole[1]
        if self._word(end) != self._table.point or not self._continues(at, end + 1):
            return None
        digits, end = "", end + 1
        while (digit := self._digit(end)) is not None and self._continues(at, end):
            digits += digit
            end += 1
        if not digits:
            return None
        return self._signed(at, end, f"{whole[0]}.{digits}")

    def _ordinal(self, at: int) -> ParsedNumber | None:
        """ "twenty third", "one hundred and fifth", "twelfth"; those below ten stay words."""
        ordinals = self._table.ordinals
        whole = self._whole(at)
        end = at + whole[1] if whole else at
        value = whole[0] if whole else 0
        if whole and self._word(end) == self._table.joint and self._continues(at, end + 1):
            end += 1
        last = self._word(end)
        if last not in ordinals or (whole and not self._continues(at, end)):
            return None
        if last in self._table.doubtful_ordinals and self._word(at - 1) not in self._table.before_ordinal:
            return None
        added = ordinals[last]
        if whole is None:
            value = added
        elif added == 100:
            value *= 100
        elif (value % 100 == 0) or (value % 10 == 0 and value % 100 >= 20 and added < 10):
            value += added
        else:
            return None
        return ParsedNumber(end + 1 - at, f"{_format(value)}{_suffix(value)}") if value >= 10 else None

    def _cardinal(self, at: int) -> ParsedNumber | None:
        whole = self._whole(at)
        if whole is None:
            return None
        value, length = whole
        signed = self._signed(at, at + length, _format(value))
        if value < 10 and signed.length == length:
            return None
        last = self._word(at + length - 1)
        scale = self._table.scales.get(last, 0)
        if scale >= _FIRST_WORD_SCALE and signed.length == length:
            # "3 million": the scale stays a word.
            count = self._whole(at, limit=scale)
            if self._word(at) in self._table.indefinite or count is None:
                return None
            return ParsedNumber(length - 1, _format(count[0])) if count[1] == length - 1 else signed
        if self._word(at) in self._table.indefinite and length == 2:
            return None  # "a hundred", "a thousand"
        return signed

    # -- the grammar of whole numbers: (value, words) --------------------------------------------------------------
    def _whole(self, at: int, *, limit: int = 10**15) -> tuple[int, int] | None:
        """Groups of hundreds with descending scales below `limit`: "two million three hundred thousand and five"."""
        total, end = 0, at
        while True:
            start = end
            if start > at and self._word(start) == self._table.joint:
                start += 1
            group = self._below_thousand(start) if start == at or self._continues(at, start) else None
            if group is None:
                break
            value, stop = group[0], start + group[1]
            scale = self._table.scales.get(self._word(stop), 1) if self._continues(at, stop) else 1
            if scale > 1 and scale < limit:
                stop += 1
            elif scale >= limit:
                scale = 1
                if start > at:
                    break
            total, end = total + value * scale, stop
            if scale == 1:
                break
            limit = scale
        return (total, end - at) if end > at else None

    def _below_thousand(self, at: int) -> tuple[int, int] | None:
        first = self._below_hundred(at)
        if self._word(at) in self._table.indefinite:
            following = self._word(at + 1)
            first = (1, 1) if following == self._table.hundred or following in self._table.scales else None
        if first is None:
            return None
        value, end = first[0], at + first[1]
        if self._word(end) != self._table.hundred or not self._continues(at, end):
            return first
        value, end = value * 100, end + 1
        rest_at = end + (self._word(end) == self._table.joint)
        rest = self._below_hundred(rest_at) if self._continues(at, rest_at) else None
        return (value + rest[0], rest_at + rest[1] - at) if rest else (value, end - at)

    def _below_hundred(self, at: int) -> tuple[int, int] | None:
        table, word = self._table, self._word(at)
        if word in table.tens:
            unit = table.units.get(self._word(at + 1)) if self._continues(at, at + 1) else None
            return (table.tens[word], 1) if unit is None else (table.tens[word] + unit, 2)
        value = table.teens.get(word) or table.units.get(word)
        return None if value is None else (value, 1)

    # -- words ---------------------------------------------------------------------------------------------------
    def _signed(self, at: int, end: int, text: str) -> ParsedNumber:
        """With the symbol that the next words stand for."""
        for words, symbol in self._table.symbols.items():
            behind = end + len(words)
            if tuple(self._words[end:behind]) == words and self._continues(at, behind - 1):
                return ParsedNumber(behind - at, text + symbol)
        return ParsedNumber(end - at, text)

    def _is_larger_part(self, end: int, at: int) -> bool:
        """Whether the next word makes it part of a larger number."""
        word = self._word(end)
        follows = word == self._table.hundred or word in self._table.scales or word == self._table.point
        return follows and self._continues(at, end)

    def _is_number(self, at: int) -> bool:
        return self._below_hundred(at) is not None and not (at >= 0 and at < len(self._closes) and self._closes[at])

    def _digit(self, at: int) -> str | None:
        word = self._word(at)
        if word in self._table.zero_among_digits:
            return "0"
        unit = self._table.units.get(word)
        return None if unit is None else str(unit)

    def _continues(self, at: int, to: int) -> bool:
        """Whether there is a word `to`, and no punctuation between it and word `at`."""
        return to < len(self._words) and not any(self._closes[at:to])

    def _word(self, at: int) -> str:
        return self._words[at] if 0 <= at < len(self._words) else ""


def _format(value: int) -> str:
    """With commas from 10,000 on; years and house numbers have none."""
    return f"{value:,}" if value >= 10_000 else str(value)


def _suffix(value: int) -> str:
    if value % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")
