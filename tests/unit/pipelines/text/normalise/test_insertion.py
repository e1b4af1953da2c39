from __future__ import annotations

import pytest

from pipelines.text.normalise.insertion import insert_words


@pytest.mark.parametrize(
    ("text", "at", "said", "put"),
    [
        ("3D", 0, "three", "three "),
        ("a3", 1, "three", " three"),
        ("a 3.", 2, "three", "three"),
        ("a&b", 1, " and ", " and "),
        ("a & b", 2, " and ", "and"),
    ],
)
def test_words_have_one_space_to_the_letters_beside_them(text: str, at: int, said: str, put: str) -> None:
    change = insert_words(text, at, at + 1, said)
    assert (change.start, change.end, change.text) == (at, at + 1, put)
