"""Tables of contents in plain text."""

from __future__ import annotations

import pytest

from pipelines.text.document import Block, Chapter, Heading, Paragraph
from pipelines.text.documents.plain_contents import drop_contents
from pipelines.text.documents.plain_reader import read_string
from pipelines.text.documents.reading import Reading


def texts(text: str) -> list[str]:
    return [block.text for block in read_string(text).blocks if not isinstance(block, Chapter)]


@pytest.mark.parametrize(
    "contents",
    [
        "CONTENTS\n\nI. The Start\nII. The End\n",
        "Contents:\n\n  CHAPTER                 PAGE\n\n  I. The Start ........... 1\n  II. The End ........... 23\n",
        "Table of Contents\n\nThe Start\nThe End\n",
        "Inhalt\n\nDer Anfang . . . . . 12\n",
        "Contents\n\nChapter 1\n\nChapter 2\n\nChapter 3\n",
    ],
)
def test_a_table_of_contents_is_left_out(contents: str) -> None:
    assert texts(f"Before.\n\n{contents}\nChapter 1\n\nText.") == ["Before.", "Chapter 1", "Text."]


@pytest.mark.parametrize(
    "text",
    ["Contents", "Contents\n\nThe box was full.", "Contents\n\nChapter 1\n\nText.", "The contents are good.\n\nText."],
)
def test_what_has_no_entries_is_read(text: str) -> None:
    assert texts(text) == [part for part in text.split("\n\n") if part]


def test_entries_are_counted() -> None:
    reading = Reading()
    blocks: list[Block] = [Paragraph("CONTENTS")]
    for title in ("Chapter 1", "Chapter 2", "Chapter 1"):
        blocks += [Chapter(title), Heading(title)]
    assert list(drop_contents(blocks, reading)) == blocks[-2:]
    assert reading.warnings() == ["Left out: entries of a table of contents (2)."]
