"""Plain text that was printed in pages."""

from __future__ import annotations

import pytest

from pipelines.text.document import Chapter
from pipelines.text.documents.plain_reader import read_string


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("We can also trans-\n\nform any word.", ["We can also transform any word."]),
        ("We can also trans-\n\x0cform any word.", ["We can also transform any word."]),
        ("The man who came to\n\n12\n\ndinner was late.", ["The man who came to dinner was late."]),
        ("One,\n\n12\n\ntwo.\n\n13\n\nThree.\n\n90\n\nFour.", ["One, two.", "Three.", "90", "Four."]),
        ("One.\n\n- 12 -\n\nTwo.\n\nPage 13 of 40\n\nThree.", ["One.", "Two.", "Three."]),
        ("The end.\n12\n\x0cNext day\n13\n\x0cit rained.", ["The end.", "Next day it rained."]),
        ("One.\n\x0cHEAD   2\n\nTwo\n\x0cHEAD   3\n\nthree.", ["One.", "HEAD 2", "Two three."]),
        (
            "He was born in\n1984\nand died.\n\n1\n\nOne.\n\n2\n\nTwo.",
            ["He was born in 1984 and died.", *["1", "One.", "2", "Two."]],
        ),
        ("We trans-\n\n- 12 -\n\nform.\n\n13\n\nThree.", ["We transform.", "Three."]),
        ("The sea,\n\nand the sky.", ["The sea,", "and the sky."]),
        ("One.\x0cTwo.", ["One.", "Two."]),
    ],
)
def test_breaks_of_pages_part_no_sentences_and_their_numbers_are_not_read(text: str, spoken: list[str]) -> None:
    document = read_string(text)
    assert [block.text for block in document.blocks if not isinstance(block, Chapter)] == spoken


def test_numbers_of_pages_are_counted() -> None:
    document = read_string("One,\n\n12\n\ntwo.\n\n- 13 -\n\nThree.")
    assert len(list(document.blocks)) == 2
    assert document.warnings == ["Left out: page numbers (2)."]


def test_many_empty_pages_take_linear_time() -> None:
    text = "Text\n" + "\x0c\n12\n" * 100_000 + "more."
    assert "Text" in [block.text for block in read_string(text).blocks if not isinstance(block, Chapter)]
