"""What leads through a Markdown text."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.pipeline import Limits
from pipelines.text.document import Document, Heading, Paragraph
from pipelines.text.documents.markdown_reader import read_file


def read(tmp_path: Path, text: str) -> Document:
    path = tmp_path / "a.md"
    path.write_text(text, encoding="utf-8")
    return read_file(path, Limits())


def texts(document: Document) -> list[str]:
    return [block.text for block in document.blocks if isinstance(block, Heading | Paragraph)]


@pytest.mark.parametrize(
    "links",
    ["[Next topic](b.md)", "[← Previous](a.md) | [Next →](c.md)", "- [Back to top](#top)\n- [Home](index.md)"],
)
def test_links_to_other_pages_are_left_out_and_counted(tmp_path: Path, links: str) -> None:
    document = read(tmp_path, f"# One\n\nText.\n\n{links}\n\n## Two\n")
    assert texts(document) == ["One", "Text.", "Two"]
    assert document.warnings[0].startswith("Left out: navigation links (")


@pytest.mark.parametrize("text", ["[Home](x.md) is where the heart is.", "Next", "[The sea](b.md)"])
def test_a_link_that_is_text_is_read(tmp_path: Path, text: str) -> None:
    assert texts(read(tmp_path, f"Text.\n\n{text}\n\n# [Next](b.md)\n")) == [
        "Text.",
        text.replace("[", "").replace("](x.md)", "").replace("](b.md)", ""),
        "Next",
    ]


def test_a_table_of_contents_is_left_out_with_its_title(tmp_path: Path) -> None:
    contents = "## Table of Contents\n\n1. [One](#one)\n2. [Two](#two)\n\n"
    assert texts(read(tmp_path, f"{contents}## One\n\nText.\n\n## Two\n\nMore.\n")) == ["One", "Text.", "Two", "More."]
    assert texts(read(tmp_path, f"Text.\n\n{contents}")) == ["Text."]


def test_a_title_with_text_below_it_is_read(tmp_path: Path) -> None:
    assert texts(read(tmp_path, "# Contents\n\nA box.\n\n- [One](#one)\n\n# One\n")) == ["Contents", "A box.", "One"]
    assert texts(read(tmp_path, "# Index\n\n# Contents\n\n# One\n")) == ["Index", "Contents", "One"]
