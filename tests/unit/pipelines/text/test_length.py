"""pipelines/text/length.py: texts that take as long to say are as long, in whatever script they are written."""

from __future__ import annotations

import pytest

from pipelines.text.length import estimate_spoken_letters


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0.0),
        ("… – !", 0.0),
        ("Crème brûlée", 11.0),
        ("Привет, мир", 9.0),
        ("가", 2.0),  # two letters, one sign
        ("국", 3.0),
        ("国王", 7.0),
        ("ひらがな", 4 * 1.8),
        ("ガ", 1.8),
        ("मलक", 3 * 1.8),
        ("1984", 8.0),
        ("١٩٨٤", 8.0),
        ("ＡＢ①", 4.0),
    ],
)
def test_length_is_that_in_letters_of_an_alphabet(text: str, length: float) -> None:
    assert estimate_spoken_letters(text) == pytest.approx(length)
