"""Lines of Markdown that are text, and those that are not."""

from __future__ import annotations

import pytest

from pipelines.text.documents.markdown_lines import read_lines


def read(text: str) -> tuple[list[str], dict[str, str], dict[str, str]]:
    meta, notes = dict[str, str](), dict[str, str]()
    lines = [line for line, _ in read_lines(text.split("\n"), meta, notes)]
    return [line for line in lines if line.strip()], meta, notes


@pytest.mark.parametrize(
    ("front", "meta"),
    [
        (
            '---\ntitle: "My: Book"\nauthor:\n  - Ann A\n  - name: Bob B\nlang: de-DE\ndate: 2020\n---',
            {"title": "My: Book", "author": "Ann A, Bob B", "lang": "de-DE"},
        ),
        ("---\ntitle: My Book # a comment\nauthor: [Ann, Bob]\n...", {"title": "My Book", "author": "Ann, Bob"}),
        (
            '+++\ntitle = "My Book"\nauthors = ["Ann", "Bob"]\n[extra]\ntitle = "Other"\n+++',
            {"title": "My Book", "authors": "Ann, Bob"},
        ),
        ('{\n  "title": "J",\n  "draft": false\n}', {"title": "J"}),
        ("---\n# a comment\n---", {}),
        ("---\ntitle: >\n  A folded\n  title\nauthor: null\n---", {"title": "A folded title"}),
    ],
)
def test_front_matter_is_no_text(front: str, meta: dict[str, str]) -> None:
    assert read(f"{front}\nText.\n") == (["Text."], meta, {})


@pytest.mark.parametrize(
    "text",
    ["---\n\nText.\n\n---\n\nMore.", "---\nText without an end.", "+++\n{\nText.", "{\nx\n}", "Text\n---\nx: y\n---"],
)
def test_a_rule_in_the_first_line_is_no_front_matter(text: str) -> None:
    assert read(text)[0] == [line for line in text.split("\n") if line]


def test_footnotes_of_several_paragraphs_are_taken_out() -> None:
    lines, _, notes = read(
        "Text.[^1]\n\n[^1]: First\n    goes on.\n\n    Second.\n[^b]: Other\nlazy.\n\nBody.\n\n    code"
    )
    assert lines == ["Text.[^1]", "Body.", "    code"]
    assert notes == {"1": "First goes on. Second.", "b": "Other lazy."}


def test_nothing_in_code_is_taken_out() -> None:
    code = ["```", "[^1]: no note", "::: no division", "{#no-id}", ": no definition", "```"]
    assert read("\n".join(code)) == (code, {}, {})


@pytest.mark.parametrize(
    "line",
    [
        "::: warning",
        ":::",
        "{#id}",
        "{: .note }",
        "{:toc}",
        "[TOC]",
        "[[_TOC_]]",
        "*[HTML]: Hyper",
        "{% include x %}",
        "%% hm %%",
        "\\newpage",
    ],
)
def test_lines_for_programs_are_no_text(line: str) -> None:
    assert read(f"Before.\n\n{line}\n\nBehind.")[0] == ["Before.", "Behind."]


def test_definitions_are_paragraphs_of_their_own() -> None:
    lines = [line for line, _ in read_lines(["Term", ": One", ": Two", "", "Où : là"], {})]
    assert lines == ["Term", "", "One", "", "Two", "", "Où : là"]
