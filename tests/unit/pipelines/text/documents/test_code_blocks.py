"""Preformatted text: code and other."""

from __future__ import annotations

import pytest

from pipelines.text.document import Paragraph
from pipelines.text.documents.code_blocks import PreformattedText, looks_like_code, read_code
from pipelines.text.documents.reading import Reading, ReadingOptions

CODE = "def f(x):\n\n    return x + 1\n"


def test_code_is_read_line_by_line() -> None:
    assert list(read_code(CODE, Reading())) == [Paragraph("def f(x):\nreturn x + 1")]
    assert list(read_code(" \n", Reading())) == []


@pytest.mark.parametrize(
    ("language", "said"),
    [("en-GB", "Code, 2 lines."), ("de", "Code, 2 Zeilen."), ("fr", "Code, 2 lignes."), ("pl", "Code, 2 lines.")],
)
def test_code_may_be_named_by_its_size(language: str, said: str) -> None:
    reading = Reading(ReadingOptions(code="summary"), language)
    assert list(read_code(CODE, reading)) == [Paragraph(said)]
    assert reading.warnings() == ["Left out: code blocks (1)."]


def test_code_may_be_left_out() -> None:
    reading = Reading(ReadingOptions(code="skip"))
    assert list(read_code(CODE, reading)) == []
    assert reading.warnings() == ["Left out: code blocks (1)."]


@pytest.mark.parametrize(
    "text",
    [
        "int main() {\n  return 0;\n}",
        "$ pip install x\n$ ls",
        "x = 1\n\ny = 2",
        "<p>\n  text\n</p>",
        "import os\nos.remove('a')",
        ">>> 1 + 1\n2",
    ],
)
def test_code_is_known_by_its_lines(text: str) -> None:
    assert looks_like_code(text.splitlines())


@pytest.mark.parametrize(
    "text",
    [
        "Roses are red,\nViolets are blue;\nSugar is sweet,\nAnd so are you.",
        "It was a dark night.\nFor a moment nothing moved; then\nthe door opened.",
        "From: Ann\nTo: Bob\n\nDear Bob,",
        "12 Main Street\nSpringfield",
    ],
)
def test_text_for_people_is_no_code(text: str) -> None:
    assert not looks_like_code(text.splitlines())


def test_other_text_has_paragraphs_and_running_lines() -> None:
    block = PreformattedText(Reading(ReadingOptions(code="skip")))
    block.add("It was a dark and stormy night, and the rain fell in\ntorrents except at times.\n \nThe wind\nblew.")
    assert [each.text for each in block.finish()] == [
        "It was a dark and stormy night, and the rain fell in torrents except at times.",
        "The wind blew.",
    ]


def test_a_book_in_one_block_is_passed_on_in_parts_and_loses_nothing() -> None:
    block, found = PreformattedText(Reading()), list[Paragraph]()
    for number in range(30_000):
        block.add(f"Word {number} of a long text\nin lines.\n\n")
        if block.is_full:
            found += block.take()
    found += block.finish()
    assert [each.text for each in found] == [f"Word {number} of a long text in lines." for number in range(30_000)]
