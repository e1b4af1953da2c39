"""Raised text."""

from __future__ import annotations

import pytest

from pipelines.text.documents.superscript import read_superscript


@pytest.mark.parametrize(
    ("before", "content", "expected"),
    [
        # powers
        ("A million is 10", "6", "⁶"),
        ("x", "2", "²"),
        ("10", "−3", "⁻³"),
        ("2", "n", "ⁿ"),
        ("5 km", "2", "²"),
        ("(a + b)", "2", "²"),
        ("E = mc", "2", "²"),
        ("sin", "2", "²"),
        # notes
        ("sank in 1912", "1", None),
        ("they said.", "12", None),
        ("he said,”", "3", None),
        ("the word", "a", None),
        ("word", "*", None),
        ("word", "[12]", None),
        ("word", "12, 13", None),
        ("it", "2", None),
        ("group A", "1", None),
        ("37,000", "1", None),
        # parts of words
        ("M", "me", "me"),
        ("1", "st", "st"),
        ("XIX", "e", "e"),
        ("D", "r", "r"),
        ("n", "o", "°"),
        # marks and money
        ("Xerox", "TM", "™"),
        ("Xerox", "®", "®"),
        ("$5", "99", ".99"),
    ],
)
def test_raised_text_is_read_by_what_stands_before_it(before: str, content: str, expected: str | None) -> None:
    assert read_superscript(content, before, is_linked=False) == expected


@pytest.mark.parametrize(("before", "content"), [("x", "2"), ("10", "6"), ("word", "b"), ("word", "†")])
def test_a_raised_number_in_a_link_is_always_a_reference(before: str, content: str) -> None:
    assert read_superscript(content, before, is_linked=True) is None
    assert read_superscript("st", "1", is_linked=True) == "st"
