"""Plain numbers, whole and decimal, as words in the languages that have no rules here, by num2words.

Babel knows how such a number is written in the language. Dates, times, units and ordinals are not recognised: their
digits are spoken as numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from babel import Locale, UnknownLocaleError
from babel.numbers import get_decimal_symbol, get_group_symbol
from num2words import CONVERTER_CLASSES, num2words

from pipelines.text.aligned_text import AlignedText, Range, Replacement

from .insertion import insert_words

#: A longer number is an account or a serial number and is spoken digit by digit.
_LONGEST_NUMBER = 15
#: Languages whose code in num2words is another one.
_NUM2WORDS_CODES: Mapping[str, str] = {"kk": "kz", "nb": "no", "nn": "no"}
#: Words for the decimal mark that num2words lacks, or has in several cases.
_POINT_WORDS: Mapping[str, str] = {
    "it": "virgola",
    "id": "koma",
    "ru": "целых",
    "vi": "phẩy",
    "ca": "coma",
    "be": "коска",
}


@dataclass(frozen=True, slots=True)
class _Style:
    """How a language writes numbers, and its code in num2words."""

    words: str
    number: re.Pattern[str]
    group: str
    decimal: str
    point: str
    minus: str


def has_number_words(language: str) -> bool:
    """Whether num2words has the words of a BCP 47 language."""
    return bool(_name(language))


def write_out_numbers(aligned: AlignedText, language: str, final: Sequence[Range] = ()) -> AlignedText:
    """The text with its numbers in words; `final` are ranges of it that stay unchanged.

    `language` must be one that has number words. Numbers that num2words fails on stay unchanged.
    """
    style, replacements = _style(_name(language)), list[Replacement]()
    for found in style.number.finditer(aligned.text):
        start, end = found.span()
        if any(start < last and end > first for first, last in final):
            continue
        try:
            replacements.append(insert_words(aligned.text, start, end, _number_words(found, style)))
        except ValueError:
            continue
    return aligned.apply(replacements)


def _number_words(found: re.Match[str], style: _Style) -> str:
    minus, whole, decimals = found["minus"], found["whole"], found["decimals"]
    words = _whole(whole.replace(style.group, "").replace(" ", ""), style)
    if minus:
        words = f"{style.minus} {words}" if style.minus else f"{minus}{words}"
    return f"{words} {style.point} {_digits(decimals, style)}" if decimals else words


def _whole(digits: str, style: _Style) -> str:
    if len(digits) > _LONGEST_NUMBER or (len(digits) > 1 and int(digits[0]) == 0):
        return _digits(digits, style)
    return _words(digits, style)


def _digits(digits: str, style: _Style) -> str:
    return " ".join(_words(digit, style) for digit in digits)


def _words(digits: str, style: _Style) -> str:
    """Raises ValueError where num2words has no words: it is unfinished in several languages."""
    try:
        words = str(num2words(int(digits), lang=style.words)).strip()
    except (OverflowError, NotImplementedError, TypeError, LookupError) as error:
        raise ValueError(f"{digits} has no words") from error
    if not words:
        raise ValueError(f"{digits} has no words")
    return words


def _name(language: str) -> str:
    parts = language.replace("-", "_").split("_")
    region = next((part.upper() for part in parts[1:] if len(part) == 2), "")
    primary = parts[0].lower()
    named = (f"{primary}_{region}", primary, _NUM2WORDS_CODES.get(primary, ""))
    return next((name for name in named if name in CONVERTER_CLASSES), "")


@cache
def _style(name: str) -> _Style:
    group, decimal = _marks(name)
    converter = CONVERTER_CLASSES[name]
    point = _POINT_WORDS.get(name) or getattr(converter, "pointword", "")
    minus = getattr(converter, "negword", "")
    # Spaces set thousands apart in every language (the SI brochure, 5.4.4), besides the language's own mark.
    groups = rf"\d{{1,3}}(?:(?:{re.escape(group)}\d{{3}}){{1,6}}|(?: \d{{3}}){{1,6}})(?!\d)"
    return _Style(
        words=name,
        number=re.compile(
            rf"(?P<minus>(?<![^\s(])[-−])?(?P<whole>{groups}|\d+)(?:{re.escape(decimal)}(?P<decimals>\d+)(?![\d]))?"
        ),
        group=group,
        decimal=decimal,
        # Without a word the mark itself stays, which is a short pause.
        point=point.strip() if isinstance(point, str) and point.strip().isalpha() else ",",
        minus=minus.strip() if isinstance(minus, str) and minus.strip().isalpha() else "",
    )


def _marks(name: str) -> tuple[str, str]:
    """The thousands separator and the decimal mark. Spaces are plain ones: the typography is normalised by now."""
    code = next((language for language, other in _NUM2WORDS_CODES.items() if other == name), name)
    try:
        locale = Locale.parse(code)
    except (UnknownLocaleError, ValueError):
        return ".", ","
    group = get_group_symbol(locale)
    return (" " if group.isspace() else group), get_decimal_symbol(locale)
