from __future__ import annotations

import pytest

from pipelines.text.aligned_text import Replacement
from pipelines.text.normalise.insertion import insert_words, join_neighbours


@pytest.mark.parametrize(
    ("text", "at", "said", "put"),
    [
        ("3D", 0, "three", "three "),
        ("a3", 1, "three", " three"),
        ("a 3.", 2, "three", "three"),
        ("a&b", 1, " and ", " and "),
        ("a & b", 2, " and ", "and"),
        ("(+a)", 1, " plus ", "plus "),
        ("a#.", 1, " hash ", " hash"),
        ("(a#)", 2, " hash ", " hash"),
        ("a+.5", 1, " plus ", " plus "),
    ],
)
def test_words_have_one_space_to_the_letters_beside_them(text: str, at: int, said: str, put: str) -> None:
    change = insert_words(text, at, at + 1, said)
    assert (change.start, change.end, change.text) == (at, at + 1, put)


def test_neighbours_have_one_space_between_them() -> None:
    changes = [Replacement(2, 4, " and more"), Replacement(0, 2, "twelve "), Replacement(5, 6, " x")]
    assert [each.text for each in join_neighbours(changes)] == ["twelve ", "and more", " x"]
