"""Reading Markdown."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.pipeline import Limits
from pipelines.text.document import Block, Chapter, Document, Heading, Paragraph
from pipelines.text.documents.markdown_reader import read_file


def read(tmp_path: Path, text: str) -> Document:
    path = tmp_path / "a.md"
    path.write_text(text, encoding="utf-8")
    return read_file(path, Limits())


def blocks(tmp_path: Path, text: str) -> list[Block]:
    return [block for block in read(tmp_path, text).blocks if not isinstance(block, Chapter)]


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("*a* __b__ `c` ~d", ["a b c ~d"]),
        ("one\ntwo  \nthree<br>four", ["one two three four"]),
        ('[link](http://x "t") <http://y.z> ![picture](p.png)', ["link http://y.z"]),
        ("[late][ref] and [ref]\n\n[ref]: http://x", ["late and ref"]),
        ("- a\n- b\n\n  c\n1. d", ["a", "b", "c", "d"]),
        ("> quoted\n> text", ["quoted text"]),
        ("| a | b |\n|---|---|\n| 1 | **2** |", ["a, b", "1, 2"]),
        ("note[^1]\n\n[^1]: the note", ["note"]),
        ("a\n\n***\n\nb\n\n---\n\n<hr>\nc", ["a", "* * *", "b", "* * *", "* * *", "c"]),
        ("<div><p>x <b>y</b></p></div>\n\nz", ["x y", "z"]),
        ("&amp; &auml;", ["& ä"]),
        ("```python\n# code\n```\nafter", ["# code", "after"]),
        ("\\*not em\\*", ["*not em*"]),
    ],
)
def test_the_text_is_spoken_without_its_markup(tmp_path: Path, text: str, spoken: list[str]) -> None:
    assert [block.text for block in blocks(tmp_path, text)] == spoken  # type: ignore[union-attr]


def test_headings_of_both_kinds_divide_the_text(tmp_path: Path) -> None:
    document = read(tmp_path, "# Book\n\nintro\n\n## One\na\n\nTwo\n---\nb\n\n```\n## no\n```\n")
    assert document.title == "Book"
    found = list(document.blocks)
    assert [block.title for block in found if isinstance(block, Chapter)] == ["Book", "One", "Two"]
    assert Heading("Two", 2) in found


def test_front_matter_is_not_spoken(tmp_path: Path) -> None:
    document = read(tmp_path, '---\ntitle: "The *Book*"\nauthor: Me\nlang: fr\ndraft: true\n---\n\ntext')
    assert (document.title, document.author, document.language) == ("The *Book*", "Me", "fr")
    assert list(document.blocks) == [Paragraph("text")]


def test_a_long_text_is_parsed_in_sections_with_nothing_lost_or_doubled(tmp_path: Path) -> None:
    text = "".join(f"## Part {n}\n\nParagraph *{n}* with [a link][x].\n\n- item {n}\n\n" for n in range(2_000))
    found = blocks(tmp_path, text + "[x]: http://x")
    assert [block.text for block in found] == [  # type: ignore[union-attr]
        line for n in range(2_000) for line in (f"Part {n}", f"Paragraph {n} with a link.", f"item {n}")
    ]


def test_a_paragraph_cut_between_sections_goes_on(tmp_path: Path) -> None:
    found = blocks(tmp_path, "many words on a line of this text\n" * 2_000)
    assert [block.continues for block in found if isinstance(block, Paragraph)] == [False] + [True] * (len(found) - 1)
    joined = " ".join(block.text for block in found if isinstance(block, Paragraph))
    assert joined.split() == ("many words on a line of this text " * 2_000).split()


def test_a_code_block_cut_between_sections_stays_code(tmp_path: Path) -> None:
    found = blocks(tmp_path, "```\n" + "# not a heading\n" * 2_000 + "```\n\n# A heading\n")
    assert [block for block in found if isinstance(block, Heading)] == [Heading("A heading", 1)]
