"""pipelines/text/similarity.py: letters that are equal, missing, inserted."""

from __future__ import annotations

import pytest

from pipelines.text.similarity import TextSimilarity, comparable_letters, compare_texts


@pytest.mark.parametrize(
    ("text", "transcript", "ratio", "missing", "inserted"),
    [
        ("You go too fast.", "you go too fast", 1.0, 0.0, 0.0),
        ("You go too fast.", "", 0.0, 1.0, 0.0),
        ("You go too fast.", "you go", 5 / 12, 7 / 12, 0.0),
        ("You go too fast.", "you go too fast you go too fast", 0.5, 0.0, 1.0),
        ("", "noise", 0.0, 0.0, 5.0),
        ("— … !", "", 1.0, 0.0, 0.0),
    ],
)
def test_missing_and_inserted_letters_are_counted(
    text: str, transcript: str, ratio: float, missing: float, inserted: float
) -> None:
    assert compare_texts(text, transcript) == TextSimilarity(
        pytest.approx(ratio), pytest.approx(missing), pytest.approx(inserted)
    )


def test_misheard_words_are_neither_missing_nor_inserted() -> None:
    found = compare_texts("The buoy reported calm.", "the eerie part of content")
    assert found.missing < 0.2
    assert found.inserted < 0.3


def test_comparable_letters_have_no_case_accents_or_punctuation() -> None:
    assert comparable_letters("Façade, №7: don’t!") == "facadeno7dont"
