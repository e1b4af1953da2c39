"""pipelines/stt/text/spoken_number.py: the number that begins at a word."""

from __future__ import annotations

import pytest

from pipelines.stt.text.spoken_number import NumberParser, ParsedNumber
from pipelines.text.number_words import LANGUAGES


def parse(text: str, at: int = 0, closed: tuple[int, ...] = ()) -> ParsedNumber | None:
    words = text.split()
    return NumberParser(words, [number in closed for number in range(len(words))], LANGUAGES["en"]).parse(at)


@pytest.mark.parametrize(
    ("text", "length", "written"),
    [
        ("two hundred and six apples", 4, "206"),
        ("three point one four is", 4, "3.14"),
        ("nineteen eighty four was", 3, "1984"),
        ("one two three four", 4, "1234"),
        ("twenty first of may", 2, "21st"),
        ("fifty per cent of", 3, "50%"),
    ],
)
def test_number_ends_where_its_words_end(text: str, length: int, written: str) -> None:
    assert parse(text) == ParsedNumber(length, written)


@pytest.mark.parametrize("text", ["apples", "two apples", "a hundred", "second"])
def test_words_that_are_no_number_or_stay_words_are_none(text: str) -> None:
    assert parse(text) is None


def test_punctuation_ends_a_number() -> None:
    assert parse("two hundred six", closed=(1,)) == ParsedNumber(2, "200")


def test_number_in_the_middle_is_parsed_from_its_first_word() -> None:
    assert parse("he is forty two", at=2) == ParsedNumber(2, "42")
