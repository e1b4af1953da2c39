"""pipelines/text/similarity.py: letters that are alike, missing, invented."""

from __future__ import annotations

import pytest

from pipelines.text.similarity import Likeness, letters, likeness


@pytest.mark.parametrize(
    ("text", "heard", "alike", "missing", "invented"),
    [
        ("You go too fast.", "you go too fast", 1.0, 0.0, 0.0),
        ("You go too fast.", "", 0.0, 1.0, 0.0),
        ("You go too fast.", "you go", 5 / 12, 7 / 12, 0.0),
        ("You go too fast.", "you go too fast you go too fast", 0.5, 0.0, 1.0),
        ("", "noise", 0.0, 0.0, 5.0),
        ("— … !", "", 1.0, 0.0, 0.0),
    ],
)
def test_a_text_is_held_against_what_was_heard(
    text: str, heard: str, alike: float, missing: float, invented: float
) -> None:
    assert likeness(text, heard) == Likeness(pytest.approx(alike), pytest.approx(missing), pytest.approx(invented))


def test_words_misheard_are_neither_missing_nor_invented() -> None:
    found = likeness("The buoy reported calm.", "the eerie part of content")
    assert found.missing < 0.2
    assert found.invented < 0.3


def test_letters_are_small_bare_and_alone() -> None:
    assert letters("Façade, №7: don’t!") == "facadeno7dont"
