from __future__ import annotations

import pytest

from pipelines.text.splitting.clauses import split_clauses


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("  short  ", ["short"]),
        ("", []),
        ("One is here. Two is there. Three.", ["One is here.", "Two is there.", "Three."]),
        ("a man, a plan, a canal and more", ["a man, a plan,", "a canal and", "more"]),
        ("no marks in any of this", ["no marks in any", "of this"]),
        ("Donaudampfschifffahrtskapitän", ["Donaudampfschif", "ffahrtskapitän"]),
        ("“Is it so?” she asked.", ["“Is it so?”", "she asked."]),
    ],
)
def test_cuts_are_made_at_the_best_place_that_fits(text: str, parts: list[str]) -> None:
    assert list(split_clauses(text, 15)) == parts


def test_parts_are_short_enough_and_hold_everything() -> None:
    text = "It was the best of times, it was the worst of times; " * 20 + "x" * 300
    for limit in (7, 40, 449):
        parts = list(split_clauses(text, limit))
        assert max(map(len, parts)) <= limit
        assert "".join("".join(parts).split()) == "".join(text.split())
