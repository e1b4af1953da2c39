"""pipelines/stt/text/numbers.py and spoken_number.py: numbers in digits, and the words that are none."""

from __future__ import annotations

import pytest

from pipelines.family import Phrase, Word
from pipelines.stt.text.numbers import write_digits


def make_phrase(text: str) -> Phrase:
    words = tuple(
        Word(word, float(index), index + 0.9, 0.5 + index % 2 / 10) for index, word in enumerate(text.split())
    )
    return Phrase(text, 0.0, float(len(words)), 0.9, words)


def written(text: str) -> str:
    phrase = write_digits(make_phrase(text), "en-US")
    assert " ".join(word.word for word in phrase.words) == phrase.text
    return phrase.text


@pytest.mark.parametrize(
    ("spoken", "digits"),
    [
        # cardinals
        ("twenty three people", "23 people"),
        ("one hundred and five", "105"),
        ("a hundred and five", "105"),
        ("two thousand", "2000"),
        ("ten thousand five hundred", "10,500"),
        ("one hundred twenty three thousand four hundred fifty six", "123,456"),
        ("two million three hundred thousand and five", "2,300,005"),
        ("nineteen hundred", "1900"),
        # millions keep their word
        ("three million people", "3 million people"),
        ("two point five million", "2.5 million"),
        # decimals and signs
        ("three point one four", "3.14"),
        ("zero point five percent", "0.5%"),
        ("five percent", "5%"),
        ("sixty five per cent", "65%"),
        # years
        ("in nineteen eighty four", "in 1984"),
        ("twenty twenty six", "2026"),
        ("nineteen oh five", "1905"),
        # ordinals
        ("twenty third", "23rd"),
        ("the twenty second of may", "the 22nd of may"),
        ("one hundred and eleventh", "111th"),
        ("one hundredth", "100th"),
        # digits one by one
        ("call five five five one two double three", "call 5551233"),
        ("one oh one dalmatians", "101 dalmatians"),
        # one by one where they are not one number
        ("eighteen nineteen twenty", "18 19 20"),
        ("thirty and forty", "30 and 40"),
        # punctuation around them
        ("Twenty-three, four.", "23, four."),
        ("twenty, three", "20, three"),
        ("(forty two)", "(42)"),
    ],
)
def test_numbers_are_written_in_digits(spoken: str, digits: str) -> None:
    assert written(spoken) == digits


@pytest.mark.parametrize(
    "text",
    [
        "one of them",
        "no one knows",
        "one two",
        "the second one",
        "a hundred",
        "a million reasons",
        "thousands of them",
        "wait a second",
        "twenty-three-year-old",
        "and the point is",
        "oh no",
        "the first",
        "double trouble",
        "",
    ],
)
def test_words_that_are_no_numbers_or_small_ones_stay(text: str) -> None:
    assert written(text) == text


def test_words_that_become_one_last_from_the_first_to_the_last_of_them() -> None:
    phrase = write_digits(make_phrase("he paid twenty three dollars"), "en")
    number = phrase.words[2]
    assert (number.word, number.start, number.end) == ("23", 2.0, 3.9)
    assert number.confidence == pytest.approx(0.55)
    assert phrase.words[3].word == "dollars" and phrase.words[3].start == 4.0


def test_text_is_written_though_there_are_no_words() -> None:
    assert write_digits(Phrase("forty two", 0.0, 1.0, 0.9), "en").text == "42"


@pytest.mark.parametrize("language", ["de", None])
def test_language_without_rules_is_unchanged(language: str | None) -> None:
    phrase = make_phrase("twenty three")
    assert write_digits(phrase, language) is phrase


def test_language_goes_by_its_primary_subtag() -> None:
    assert write_digits(make_phrase("twenty three"), "en-GB").text == "23"
