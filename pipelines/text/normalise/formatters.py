"""What a rule's template may call: `{day:ordinal}`, `{amount|currency:money}`, `{it:roman+ordinal+te}`.
Behind a "=" stands a value itself: `{m|=min:measure}`.

Each saying takes the written groups and gives words; further names behind a "+" change those words again. A name is a
saying of this file, else a form or a table of the language. Everything raises ValueError for what cannot be said so:
the rule then does not hold (there is no 45th of March).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from .numerals import roman_value
from .rule_book import RuleBook

_SLOT = re.compile(r"\{([^{}:]+)(?::([\w+]+))?\}")
_ADDRESS_PARTS = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")


def fill(template: str, groups: Mapping[str, str | None], book: RuleBook) -> str:
    """The template with its slots said. Raises ValueError where one cannot be."""

    def said(slot: re.Match[str]) -> str:
        names = slot.group(1).split("|")
        values = [name[1:] if name.startswith("=") else groups.get(name) or "" for name in names]
        is_written = any(groups.get(name) for name in names)
        for name in (slot.group(2) or "").split("+"):
            # What was not written (the year of a date, say) is not said.
            values = [say(name, values, book)] if name and is_written else values
        return values[0]

    filled = re.sub(" {2,}", " ", _SLOT.sub(said, template))
    return filled if template.endswith(" ") else filled.rstrip()


def say(name: str, values: list[str], book: RuleBook) -> str:
    """One saying, form or table by its name. Raises ValueError for values that it does not know."""
    if name in _SAYINGS:
        return _SAYINGS[name](book, *values)
    if name in book.tables:
        return book.look_up(name, values[0])
    return book.in_form(values[0], name)


def _day(book: RuleBook, written: str) -> str:
    """The number of a day, checked and without its zero; to be followed by how it is said."""
    if not 1 <= int(written) <= 31:
        raise ValueError(f"there is no day {written}")
    return str(int(written))


def _month(book: RuleBook, written: str) -> str:
    start = written.rstrip(".").lower()
    if start.isdigit():
        if not 1 <= int(start) <= 12:
            raise ValueError(f"there is no month {written}")
        return book.months[int(start) - 1]
    return next(name for name in book.months if name.lower().startswith(start))


def _clock(book: RuleBook, hour: str, minute: str, style: str = "plain") -> str:
    if int(hour) > 24 or int(minute or 0) > 59:
        raise ValueError(f"there is no time {hour}:{minute}")
    minutes = int(minute or 0)
    template = book.clock[style]["full" if not minutes else "low" if minutes < 10 else "other"]
    words = {
        "hour": book.in_form(book.numerals.cardinal(str(int(hour))), "hour"),
        "minute": book.numerals.cardinal(str(minutes)),
    }
    return book.in_form(template.format(**words), "time")


def _counted(book: RuleBook, number: str, noun: str, scale: str = "") -> str:
    """A number and what it counts; `noun` is "one apple|apples"."""
    one, _, many = noun.partition("|")
    value = book.numerals.value(number)
    if value == 1 and not scale:
        return one
    words = _scaled(book, number, scale) if scale else book.in_form(book.numerals.number(number), one.split()[0])
    if not scale and abs(value) < book.counting.get("plural_from", 0):
        many = one.partition(" ")[2]
    return book.in_form(f"{words}\t{many}", "of").replace("\t", " ")


def _scaled(book: RuleBook, number: str, scale: str) -> str:
    """A number of thousands, millions or billions."""
    one, _, many = book.look_up("scales", scale).partition("|")
    if book.numerals.value(number) == 1:
        return str(book.counting["one_scale"].get(scale, f"{book.numerals.number(number)} {one}"))
    return f"{book.in_form(book.numerals.number(number), 'before_scale')} {many or one}"


def _money(book: RuleBook, number: str, currency: str, scale: str = "") -> str:
    one, many, small_one, small_many, *_ = [*book.look_up("currencies", currency).split("|"), "", ""]
    whole, mark, cents = number.partition(_decimal_mark(number))
    if scale or not mark or len(cents) != 2 or not small_one:
        return _counted(book, number, f"{one}|{many}", scale)
    small = _counted(book, str(int(cents)), f"{small_one}|{small_many}")
    if not int(cents):
        return _counted(book, whole, f"{one}|{many}")
    if book.numerals.value(whole) == 0:
        return small
    words = {"major": _counted(book, whole, f"{one}|{many}"), "minor": small}
    return str(book.counting["money"]).format(**words, cents=book.numerals.cardinal(str(int(cents))))


def _decimal_mark(number: str) -> str:
    """The mark before exactly two last digits is the decimal one in every language."""
    return number[-3] if len(number) > 3 and not number[-3].isdigit() else "\0"


def _pair(book: RuleBook, written: str) -> str:
    """Two digits of a telephone number: "06" is "zéro six", "42" one number."""
    return book.numerals.digits(written) if written.startswith("0") else book.numerals.cardinal(written)


def _letters(book: RuleBook, written: str) -> str:
    """Letter by letter, by the letters' names; digits as numbers, all else left out."""
    names = book.tables["letters"]
    return " ".join(
        names.get(sign.lower(), sign) if sign.isalpha() else book.numerals.digits(sign)
        for sign in written
        if sign.isalnum()
    )


def _address(book: RuleBook, written: str) -> str:
    """An address of the web or of mail: words as words, what nobody reads as a word by letters, signs by name."""
    said = []
    for part in _ADDRESS_PARTS.findall(re.sub(r"^[a-z]+://", "", written)):
        if part.isdigit():
            said.append(book.numerals.digits(part) if len(part) > 2 else book.numerals.cardinal(part))
        elif part.isalpha():
            said.append(_letters(book, part) if part.lower() in book.word_lists["spelled_in_addresses"] else part)
        else:
            said.append(book.tables["in_addresses"].get(part, part))
    return " ".join(said)


_SAYINGS: Mapping[str, Callable[..., str]] = {
    "cardinal": lambda book, written: book.numerals.cardinal(written),
    "number": lambda book, written: book.numerals.number(written),
    "ordinal": lambda book, written: book.numerals.ordinal(written),
    "year": lambda book, written: book.numerals.year(written),
    "digits": lambda book, written: book.numerals.digits(written),
    "roman": lambda book, written: str(roman_value(written)),
    "capital": lambda _, said: said[:1].upper() + said[1:],
    "pair": _pair,
    "dot": lambda book, _: book.counting["dot"],
    "minus": lambda book, _: book.numerals.minus_word,
    "day": _day,
    "month": _month,
    "clock": _clock,
    "clock_hour": lambda book, hour: _clock(book, hour, ""),
    "scaled": _scaled,
    "clock_short": lambda book, hour, minute="": _clock(book, hour, minute, "short"),
    "measure": lambda book, number, unit: _counted(book, number, book.look_up("units", unit)),
    "money": _money,
    "letters": _letters,
    "address": _address,
}
