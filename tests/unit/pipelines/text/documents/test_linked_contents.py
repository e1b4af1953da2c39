"""Tables of contents within a page."""

from __future__ import annotations

import pytest

from pipelines.text.document import Chapter
from pipelines.text.documents.html_blocks import parse_html
from pipelines.text.documents.linked_contents import is_contents_title
from pipelines.text.documents.reading import Reading

ROW = '<tr><td>{0}.</td><td>The {1}</td><td><a href="#p{0}">{0}</a></td></tr>'


def read(page: str) -> tuple[list[str], dict[str, int]]:
    reading = Reading()
    blocks = list(parse_html([page], reading=reading))
    return [block.text for block in blocks if not isinstance(block, Chapter)], dict(reading.omissions)


@pytest.mark.parametrize(
    "contents",
    [
        '<h2>CONTENTS</h2><p><a href="#a">One</a></p><p>PART II</p><p><a href="#b">Two</a></p>',
        '<p>Inhalt</p><ul><li><a href="b.html">Eins</a></li></ul>',
        f"<h2>Contents.</h2><table><tr><td>Chapter</td></tr>{ROW.format(1, 'River')}{ROW.format(2, 'Sea')}</table>",
        "<h2>Table of Contents</h2><p>1. The River ..... 5</p><p>2. The Sea ..... 9</p>",
        '<p><a href="#a">One</a></p><p><a href="#b">Two</a> <a href="#b">5</a></p><p><a href="#c">Three</a></p>',
        '<h3>List of Illustrations</h3><p><a href="#i">The raft</a></p>',
    ],
)
def test_contents_are_left_out_and_counted(contents: str) -> None:
    found, omissions = read(f"<h1>Book</h1>{contents}<h2>One</h2><p>It began on the river.</p>")
    assert [each for each in found if each != "Chapter"] == ["Book", "One", "It began on the river."]
    assert omissions["entries of a table of contents"] >= 1


@pytest.mark.parametrize(
    "text",
    [
        ["Contents", "The box was empty."],
        ["See <a href='#x'>the next chapter</a>, which is longer than this one is."],
        ["It began.", "<a href='#a'>If you wait, go to page 2.</a>", "<a href='#b'>If you run, go to page 3.</a>"],
        ["<a href='#a'>One</a>", "<a href='#b'>Two</a>", "They were two words that led on."],
    ],
)
def test_links_in_a_text_are_read(text: list[str]) -> None:
    found, omissions = read("".join(f"<p>{line}</p>" for line in text))
    assert len(found) == len(text)
    assert not omissions


def test_the_titles_of_contents_are_known_in_several_languages() -> None:
    assert all(map(is_contents_title, ["CONTENTS", "Contents.", "Table des matières", "Índice", "Inhaltsverzeichnis"]))
    assert not any(map(is_contents_title, ["Contentment", "The Contents of the Box", "Part One", ""]))
