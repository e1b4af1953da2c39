"""Numbers as words."""

from __future__ import annotations

import pytest

from pipelines.text.normalise.numerals import NumberStyle, Numerals, parse_roman

ENGLISH = Numerals(
    NumberStyle(words="en", groups=",", decimal=".", point_word="point", minus_word="minus", without=",")
)


@pytest.mark.parametrize(
    ("form", "written", "words"),
    [
        ("cardinal", "1,234", "one thousand two hundred and thirty-four"),
        ("cardinal", "007", "zero zero seven"),
        ("number", "-3.05", "minus three point zero five"),
        ("number", ".5", "zero point five"),
        ("ordinal", "21", "twenty-first"),
        ("ordinal", "1,000,000", "one millionth"),
        ("year", "1984", "nineteen eighty-four"),
        ("digits", "5-0", "five zero"),
    ],
)
def test_number_is_written_out(form: str, written: str, words: str) -> None:
    assert getattr(ENGLISH, form)(written) == words


def test_decimals_may_be_one_number() -> None:
    french = Numerals(NumberStyle("fr", "\u202f", ",", "virgule", "moins", decimals_as_number=2))
    assert french.number("3,14") == "trois virgule quatorze"
    assert french.number("3,05") == "trois virgule zéro cinq"


def test_value_ignores_separators() -> None:
    assert ENGLISH.value("1,234.5") == 1234.5


@pytest.mark.parametrize("written", ["1" * 16, "x"])
def test_what_is_not_an_ordinal_is_refused(written: str) -> None:
    with pytest.raises(ValueError):
        ENGLISH.ordinal(written)


@pytest.mark.parametrize(("written", "value"), [("XIV", 14), ("mcmxc", 1990), ("I", 1)])
def test_roman_numeral_has_its_value(written: str, value: int) -> None:
    assert parse_roman(written) == value


@pytest.mark.parametrize("written", ["", "IIII", "VX", "ABC"])
def test_other_letters_are_not_a_roman_numeral(written: str) -> None:
    with pytest.raises(ValueError, match="Roman"):
        parse_roman(written)
