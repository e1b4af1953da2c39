"""The formatters that a rule's template may call: `{day:ordinal}`, `{amount|currency:money}`, `{it:roman+ordinal+te}`.

A slot names one or more groups of the pattern; a name with "=" in front is a literal value: `{m|=min:measure}`. A
formatter takes the written groups and returns words; further names behind a "+" are applied to its result. A name is a
formatter of this file, else a table or an inflection of the language. All raise ValueError for what they cannot format:
the rule is then skipped (there is no 45th of March).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from .numerals import parse_roman
from .rule_book import RuleBook

_SLOT = re.compile(r"\{([^{}:]+)(?::([\w+]+))?\}")
_ADDRESS_PARTS = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")
#: Raised and lowered digits and signs → plain ones.
_PLAIN_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺₀₁₂₃₄₅₆₇₈₉−^", "0123456789-+0123456789-\0")


def fill_template(template: str, groups: Mapping[str, str | None], book: RuleBook) -> str:
    """The template with its slots formatted. Raises ValueError where one cannot be."""

    def format_slot(slot: re.Match[str]) -> str:
        names = slot.group(1).split("|")
        values = [name[1:] if name.startswith("=") else groups.get(name) or "" for name in names]
        is_written = any(groups.get(name) for name in names)
        for name in (slot.group(2) or "").split("+"):
            # An optional group that did not match (the year of a date) is not spoken.
            values = [format_value(name, values, book)] if name and is_written else values
        return values[0]

    filled = re.sub(" {2,}", " ", _SLOT.sub(format_slot, template))
    return filled if template.endswith(" ") else filled.rstrip()


def format_value(name: str, values: list[str], book: RuleBook) -> str:
    """Apply the formatter, table or inflection of this name. Raises ValueError for values that it does not know."""
    if name in _FORMATTERS:
        return _FORMATTERS[name](book, *values)
    if name in book.tables:
        return book.look_up(name, values[0])
    return book.inflect(values[0], name)


def _format_day(book: RuleBook, written: str) -> str:
    """The number of a day of a month, without its leading zero; still digits, for the next formatter of the slot."""
    if not 1 <= int(written) <= 31:
        raise ValueError(f"there is no day {written}")
    return str(int(written))


def _format_month(book: RuleBook, written: str) -> str:
    start = written.rstrip(".").lower()
    if start.isdigit():
        if not 1 <= int(start) <= 12:
            raise ValueError(f"there is no month {written}")
        return book.months[int(start) - 1]
    return next(name for name in book.months if name.lower().startswith(start))


def _format_clock(book: RuleBook, hour: str, minute: str, style: str = "plain") -> str:
    if int(hour) > 24 or int(minute or 0) > 59:
        raise ValueError(f"there is no time {hour}:{minute}")
    minutes = int(minute or 0)
    template = book.clock[style]["full" if not minutes else "low" if minutes < 10 else "other"]
    words = {
        "hour": book.inflect(book.numerals.cardinal(str(int(hour))), "hour"),
        "minute": book.numerals.cardinal(str(minutes)),
    }
    return book.inflect(template.format(**words), "time")


def _format_count(book: RuleBook, number: str, noun: str, scale: str = "") -> str:
    """A number and the noun that it counts; `noun` is "one apple|apples"."""
    one, _, many = noun.partition("|")
    value = book.numerals.value(number)
    if value == 1 and not scale:
        return one
    words = _format_scale(book, number, scale) if scale else book.inflect(book.numerals.number(number), one.split()[0])
    if not scale and abs(value) < book.counting.get("plural_from", 0):
        many = one.partition(" ")[2]
    return book.inflect(f"{words}\t{many}", "of").replace("\t", " ")


def _format_scale(book: RuleBook, number: str, scale: str) -> str:
    """A number of thousands, millions or billions."""
    one, _, many = book.look_up("scales", scale).partition("|")
    if book.numerals.value(number) == 1:
        return str(book.counting["one_scale"].get(scale, f"{book.numerals.number(number)} {one}"))
    noun = one if abs(book.numerals.value(number)) < book.counting.get("plural_from", 0) else many or one
    return f"{book.inflect(book.numerals.number(number), 'before_scale')} {noun}"


def _format_money(book: RuleBook, number: str, currency: str, scale: str = "") -> str:
    one, many, small_one, small_many, *_ = [*book.look_up("currencies", currency).split("|"), "", ""]
    whole, mark, cents = number.partition(_decimal_mark(number))
    if scale or not mark or len(cents) != 2 or not small_one:
        return _format_count(book, number, f"{one}|{many}", scale)
    small = _format_count(book, str(int(cents)), f"{small_one}|{small_many}")
    if not int(cents):
        return _format_count(book, whole, f"{one}|{many}")
    if not whole or book.numerals.value(whole) == 0:
        return small
    words = {"major": _format_count(book, whole, f"{one}|{many}"), "minor": small}
    return str(book.counting["money"]).format(**words, cents=book.numerals.cardinal(str(int(cents))))


def _decimal_mark(number: str) -> str:
    """The mark before the last two digits is the decimal mark in every language."""
    return number[-3] if len(number) > 2 and not number[-3].isdigit() else "\0"


def _localised(book: RuleBook, american: str) -> str:
    """A number with commas between its thousands and a decimal point, in the marks of the language."""
    return american.replace(",", "").replace(".", book.numerals.decimal_mark)


def _american(european: str) -> str:
    """A number with full stops between its thousands and a decimal comma, the other way round."""
    return european.translate(str.maketrans(".,", ",."))


def _format_pair(book: RuleBook, written: str) -> str:
    """Two digits of a telephone number: "06" is "zéro six", "42" one number."""
    return book.numerals.digits(written) if written.startswith("0") else book.numerals.cardinal(written)


def _format_letters(book: RuleBook, written: str) -> str:
    """Letter by letter, with the names of the letters; digits as numbers, all else left out."""
    names = book.tables["letters"]
    return " ".join(
        names.get(char.lower(), char) if char.isalpha() else book.numerals.digits(char)
        for char in written
        if char.isalnum()
    )


def _format_spelled(book: RuleBook, written: str) -> str:
    """Letter by letter, as capitals stand alone; digits between them as one number: "CO₂" is "C O two"."""
    parts = re.findall(r"[^\W\d_]|\d+", written.translate(_PLAIN_DIGITS))
    return " ".join(book.numerals.cardinal(part) if part.isdigit() else part for part in parts)


def _format_fraction(book: RuleBook, numerator: str, denominator: str) -> str:
    """A fraction, by the forms `denominator` and `denominators` of an ordinal. A language without them has none."""
    form = "denominator" if int(numerator) == 1 else "denominators"
    if form not in book.inflections or not 0 < int(numerator) < int(denominator):
        raise ValueError(f"no fraction: {numerator}/{denominator}")
    words = book.inflect(book.numerals.ordinal(denominator), form)
    if book.counting.get("capital_nouns"):
        words = words[:1].upper() + words[1:]
    return f"{book.inflect(book.numerals.cardinal(numerator), 'before_fraction_noun')} {words}"


def _format_exponent(book: RuleBook, written: str) -> str:
    """A raised number, "²" or "^-3": a word of its own of the table `exponents`, else `counting.power`."""
    number = written.translate(_PLAIN_DIGITS).strip("\0+")
    words = book.tables.get("exponents", {}).get(number)
    return words or str(book.counting["power"]).format(number=book.numerals.number(number))


def _unit_name(book: RuleBook, unit: str, number: str = "") -> str:
    """The singular of a unit without its number, or behind one: "40cm" in "a 40cm gap"."""
    noun = book.look_up("units", unit).partition("|")[0].partition(" ")[2]
    return f"{book.numerals.number(number)} {noun}" if number else noun


def _format_address(book: RuleBook, written: str) -> str:
    """A web or mail address: words as words, abbreviations letter by letter, symbols by name."""
    spoken = []
    for part in _ADDRESS_PARTS.findall(re.sub(r"^[a-z]+://", "", written)):
        if part.isdigit():
            spoken.append(book.numerals.digits(part) if len(part) > 2 else book.numerals.cardinal(part))
        elif part.isalpha():
            spoken.append(
                _format_letters(book, part) if part.lower() in book.word_lists["spelled_in_addresses"] else part
            )
        else:
            spoken.append(book.tables["in_addresses"].get(part, part))
    return " ".join(spoken)


_FORMATTERS: Mapping[str, Callable[..., str]] = {
    "cardinal": lambda book, written: book.numerals.cardinal(written),
    "number": lambda book, written: book.numerals.number(written),
    "ordinal": lambda book, written: book.numerals.ordinal(written),
    "year": lambda book, written: book.numerals.year(written),
    "digits": lambda book, written: book.numerals.digits(written),
    "roman": lambda book, written: str(parse_roman(written)),
    "capital": lambda _, words: words[:1].upper() + words[1:],
    "pair": _format_pair,
    "dot": lambda book, _: book.counting["dot"],
    "minus": lambda book, _: book.numerals.minus_word,
    "day": _format_day,
    "month": _format_month,
    "clock": _format_clock,
    "clock_hour": lambda book, hour: _format_clock(book, hour, ""),
    "scaled": _format_scale,
    "clock_short": lambda book, hour, minute="": _format_clock(book, hour, minute, "short"),
    "measure": lambda book, number, unit: _format_count(book, number, book.look_up("units", unit)),
    "money": _format_money,
    "letters": _format_letters,
    "spelled": _format_spelled,
    "fraction": _format_fraction,
    "exponent": _format_exponent,
    "unit_name": _unit_name,
    "units_name": lambda book, unit: book.look_up("units", unit).partition("|")[2],
    "address": _format_address,
    "american_number": lambda book, written: book.numerals.number(_localised(book, written)),
    "american_money": lambda book, written, currency: _format_money(book, _localised(book, written), currency),
    "european_number": lambda book, written: book.numerals.number(_localised(book, _american(written))),
    "european_money": lambda book, written, currency: _format_money(
        book, _localised(book, _american(written)), currency
    ),
}
