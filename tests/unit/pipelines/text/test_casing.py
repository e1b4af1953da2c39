"""pipelines/text/casing.py: which words get a capital."""

from __future__ import annotations

import pytest

from pipelines.text.casing import capitalise, capitalise_sentences


@pytest.mark.parametrize(
    ("words", "written"),
    [
        ("so i think i'd go", "So I think I'd go"),
        ("yes! no? so… go on", "Yes! No? So… Go on"),
        ('he said "stop." then left', 'He said "stop." Then left'),
        ("friday, monday's news", "Friday, Monday's news"),
    ],
)
def test_sentences_and_names_of_days_begin_with_a_capital(words: str, written: str) -> None:
    assert capitalise_sentences(words.split(), "en-GB") == written.split()


def test_words_that_continue_a_sentence_begin_in_lower_case() -> None:
    assert capitalise_sentences(["and", "then"], "en", starts_sentence=False) == ["and", "then"]


def test_no_capital_is_taken_away() -> None:
    assert capitalise_sentences(["the", "iPhone", "of", "Kennedy"], "en") == ["The", "iPhone", "of", "Kennedy"]


def test_capital_stands_behind_an_opening_mark() -> None:
    assert capitalise("“öffnen") == "“Öffnen" and capitalise("…") == "…"
