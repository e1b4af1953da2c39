"""Plain numbers in languages without rules of their own here: whole ones and decimals, by num2words, and no more.

Babel says how such a number is written in the language. Dates, times, units and ordinals are not known: their figures
are said as numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from babel import Locale, UnknownLocaleError
from babel.numbers import get_decimal_symbol, get_group_symbol
from num2words import CONVERTER_CLASSES, num2words

from pipelines.text.aligned_text import Change, Range, Spoken

from .insertion import spaced

#: A longer row of digits is an account or a serial number, and is said digit by digit.
_LONGEST_NUMBER = 15
#: Languages that num2words calls otherwise.
_CALLED: Mapping[str, str] = {"kk": "kz", "nb": "no", "nn": "no"}
#: What num2words does not tell, or tells in several cases.
_POINTS: Mapping[str, str] = {"it": "virgola", "id": "koma", "ru": "целых", "vi": "phẩy", "ca": "coma", "be": "коска"}


@dataclass(frozen=True, slots=True)
class _Style:
    """How a language writes numbers, and what num2words calls it."""

    words: str
    number: re.Pattern[str]
    group: str
    decimal: str
    point: str
    minus: str


def knows_numbers(language: str) -> bool:
    """Whether a BCP 47 language is one of those of num2words."""
    return bool(_name(language))


def in_words(spoken: Spoken, language: str, fixed: Sequence[Range] = ()) -> Spoken:
    """The text with its numbers in words; `fixed` are ranges of it that stay. `language` must be one that is known.

    What num2words fails at stays as it is.
    """
    style, changes = _style(_name(language)), list[Change]()
    for found in style.number.finditer(spoken.text):
        start, end = found.span()
        if any(start < last and end > first for first, last in fixed):
            continue
        try:
            changes.append(spaced(spoken.text, start, end, _said(found, style)))
        except ValueError:
            continue
    return spoken.changed(changes)


def _said(found: re.Match[str], style: _Style) -> str:
    minus, whole, decimals = found["minus"], found["whole"], found["decimals"]
    said = _whole(whole.replace(style.group, ""), style)
    if minus:
        said = f"{style.minus} {said}" if style.minus else f"{minus}{said}"
    return f"{said} {style.point} {_digits(decimals, style)}" if decimals else said


def _whole(digits: str, style: _Style) -> str:
    if len(digits) > _LONGEST_NUMBER or (len(digits) > 1 and int(digits[0]) == 0):
        return _digits(digits, style)
    return _words(digits, style)


def _digits(digits: str, style: _Style) -> str:
    return " ".join(_words(digit, style) for digit in digits)


def _words(digits: str, style: _Style) -> str:
    """Raises ValueError where num2words has none: it is unfinished in several languages."""
    try:
        said = str(num2words(int(digits), lang=style.words)).strip()
    except (OverflowError, NotImplementedError, TypeError, LookupError) as error:
        raise ValueError(f"{digits} has no words") from error
    if not said:
        raise ValueError(f"{digits} has no words")
    return said


def _name(language: str) -> str:
    parts = language.replace("-", "_").split("_")
    region = next((part.upper() for part in parts[1:] if len(part) == 2), "")
    primary = parts[0].lower()
    named = (f"{primary}_{region}", primary, _CALLED.get(primary, ""))
    return next((name for name in named if name in CONVERTER_CLASSES), "")


@cache
def _style(name: str) -> _Style:
    group, decimal = _marks(name)
    converter = CONVERTER_CLASSES[name]
    point = _POINTS.get(name) or getattr(converter, "pointword", "")
    minus = getattr(converter, "negword", "")
    groups = rf"\d{{1,3}}(?:{re.escape(group)}\d{{3}})+(?!\d)"
    return _Style(
        words=name,
        number=re.compile(
            rf"(?P<minus>(?<![^\s(])[-−])?(?P<whole>{groups}|\d+)(?:{re.escape(decimal)}(?P<decimals>\d+)(?![\d]))?"
        ),
        group=group,
        decimal=decimal,
        # Without a word for it the mark stays, and is a short pause.
        point=point.strip() if isinstance(point, str) and point.strip().isalpha() else ",",
        minus=minus.strip() if isinstance(minus, str) and minus.strip().isalpha() else "",
    )


def _marks(name: str) -> tuple[str, str]:
    """The marks between thousands and before decimals; spaces plain ones, as the text has them by now."""
    called = next((language for language, other in _CALLED.items() if other == name), name)
    try:
        locale = Locale.parse(called)
    except (UnknownLocaleError, ValueError):
        return ".", ","
    group = get_group_symbol(locale)
    return (" " if group.isspace() else group), get_decimal_symbol(locale)
