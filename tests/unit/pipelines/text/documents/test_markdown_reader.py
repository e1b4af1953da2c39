"""Reading Markdown."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.pipeline import Limits
from pipelines.text.document import Block, Chapter, Document, Heading, Paragraph
from pipelines.text.documents.markdown_reader import read_file
from pipelines.text.documents.reading import CodeMode, NotesMode, ReadingOptions
from pipelines.text.style import NEUTRAL_STYLE, Style


def read(tmp_path: Path, text: str, options: ReadingOptions | None = None) -> Document:
    path = tmp_path / "a.md"
    path.write_text(text, encoding="utf-8")
    return read_file(path, Limits(), options or ReadingOptions())


def blocks(tmp_path: Path, text: str) -> list[Block]:
    return [block for block in read(tmp_path, text).blocks if not isinstance(block, Chapter)]


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("*a* __b__ `c` ~d", ["a b c ~d"]),
        ("one\ntwo  \nthree<br>four", ["one two\nthree\nfour"]),
        ('[link](http://x "t") <http://y.z> ![picture](p.png)', ["link http://y.z"]),
        ("[late][ref] and [ref]\n\n[ref]: http://x", ["late and ref"]),
        ("- a\n- b\n\n  c\n1. d", ["a", "b", "c", "d"]),
        ("- [ ] open\n- [x] *done*\n\n[x] text", ["open\ndone", "[x] text"]),
        ("- a\n    - b **c**\n- d\n\nText.\n\n1. One.\n2. Two.", ["a\nb c\nd", "Text.", "One.", "Two."]),
        ("1. One.\n2. Two.\n\n- a\n- b\n- c", ["One.", "Two.", "a\nb\nc"]),
        ("## Two ## {#two}\n\nText", ["Two", "Text"]),
        ("~~old~~ ==new== `a == b` x<sup>2</sup>", ["old new a == b x²"]),
        ('A <span style="display:none">no</span><b>yes</b>.', ["A yes."]),
        (
            "Roses are red\nViolets are blue\n\n| A line\n| a block",
            ["Roses are red\nViolets are blue", "A line\na block"],
        ),
        (
            "This is a line that was wrapped at the width of a page and trans-\nform.",
            ["This is a line that was wrapped at the width of a page and transform."],
        ),
        ("::: note\nInside.\n:::", ["Inside."]),
        ("---\n\nText.", ["* * *", "Text."]),
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


@pytest.mark.parametrize(
    ("notes", "spoken"),
    [
        ("skip", ["Text.", "Next."]),
        ("inline", ["Text (A note of two parts.).", "Next."]),
        ("end", ["Text.", "Next.", "A note of two parts."]),
    ],
)
def test_footnotes_are_read_as_asked(tmp_path: Path, notes: NotesMode, spoken: list[str]) -> None:
    text = "Text[^1].\n\n[^1]: A *note*\n\n    of two parts.\n\nNext."
    found = read(tmp_path, text, ReadingOptions(notes=notes)).blocks
    assert [block.text for block in found if isinstance(block, Paragraph)] == spoken


def test_notes_that_are_read_at_the_end_are_read_at_the_end_of_their_chapter(tmp_path: Path) -> None:
    text = "# One\n\nText[^b].^[Own.]\n\n# Two[^a]\n\nMore[^b].\n\n[^a]: First.\n[^b]: Second.\n[^c]: Third.\n"
    found = read(tmp_path, text, ReadingOptions(notes="end")).blocks
    assert [each.text if isinstance(each, Paragraph) else type(each).__name__ for each in found] == [
        *("Chapter", "Heading", "Text.", "Second.", "Own."),
        *("Chapter", "Heading", "More.", "First.", "Third."),
    ]


@pytest.mark.parametrize(
    ("code", "spoken"),
    [("read", ["Look:", "a = 1\nb = 2"]), ("skip", ["Look:"]), ("summary", ["Look:", "Code, 2 lines."])],
)
def test_code_blocks_are_read_as_asked(tmp_path: Path, code: CodeMode, spoken: list[str]) -> None:
    found = read(tmp_path, "Look:\n\n```\na = 1\nb = 2\n```\n", ReadingOptions(code=code)).blocks
    assert [block.text for block in found if isinstance(block, Paragraph)] == spoken


def test_elements_within_a_paragraph_may_have_a_language(tmp_path: Path) -> None:
    assert blocks(tmp_path, 'She says <span lang="fr">oui</span>, always.') == [
        Paragraph("She says oui, always.", styles=((9, Style(language="fr")), (12, NEUTRAL_STYLE)))
    ]


def test_what_was_left_out_is_counted(tmp_path: Path) -> None:
    document = read(tmp_path, "Text[^1].\n\n[^1]: A note.\n")
    assert [block.text for block in document.blocks if isinstance(block, Paragraph)] == ["Text."]
    assert document.warnings == ["Left out: note references (1), notes (1)."]


def test_the_language_is_that_of_the_front_matter_or_detected(tmp_path: Path) -> None:
    text = "Er lag auf dem Rücken und sah, wenn er den Kopf ein wenig hob, den Bauch. Es war kein Traum, es ist so.\n"
    assert read(tmp_path, text).detected_language == "de"
    declared = read(tmp_path, f"---\nlang: nl\n---\n{text}")
    assert (declared.language, declared.detected_language) == ("nl", None)


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ('{{< figure src="x.png" >}}\n\n{{% note %}}In{{% /note %}} {{ page.title }}.', ["In ."]),
        ("{% include x.html %}\nText", ["Text"]),
        ("[[Page#Sec]] %%no%% and [[P|alias]]. ^block-1", ["Page Sec and alias."]),
        ("As shown [@Smith2010, p. 5; see also @Jones], and [-@X]. Mail [a@b.de](x).", ["As shown, and. Mail a@b.de."]),
        ("\\\\begin{center}\nOne \\textbf{two}\n\\\\end{center}", ["One two"]),
        ("Sum \\\\(a+b\\\\) and \\\\(\\\\frac{a}{b}\\\\).", ["Sum a+b and ."]),
        ('!!! note "Title"\n    Body.\n\n    More.\n\nNext.', ["Title", "Body.", "More.", "Next."]),
        ("+---+---+\n| A | B |\n+===+===+\n| 1 | 2 |\n+---+---+", ["A, B", "1, 2"]),
        ("Left   Right\n----   -----\na      b", ["Left Right", "a b"]),
        ("- [One](#one)\n- [Two](#two)\n\nText, [see](#one).", ["Text, see."]),
        ("- [-] a\n- [>] b", ["a\nb"]),
    ],
)
def test_what_is_for_programs_is_not_read(tmp_path: Path, text: str, spoken: list[str]) -> None:
    assert [block.text for block in blocks(tmp_path, text) if isinstance(block, Paragraph)] == spoken


def test_a_text_without_headings_has_the_chapters_that_its_lines_name(tmp_path: Path) -> None:
    found = read(tmp_path, "Chapter 1\n\nText.\n\nChapter 2\n\nMore.\n").blocks
    assert [block.title for block in found if isinstance(block, Chapter)] == ["Chapter 1", "Chapter 2"]


def test_the_title_has_no_markup_and_a_list_of_tags_is_no_language(tmp_path: Path) -> None:
    assert read(tmp_path, "# A *new* [book](x) ![p](q) <a id='y'></a>\n\nText.\n").title == "A new book"
    document = read(tmp_path, "---\nlang: en\ntags:\n  - x\nauthor:\n  - Ann\n  - Bob\n---\nText.\n")
    assert (document.language, document.author) == ("en", "Ann, Bob")
