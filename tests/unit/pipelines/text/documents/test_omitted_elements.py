"""Notes and their references that are left out, or read in another place."""

from __future__ import annotations

import pytest

from pipelines.text.document import Chapter
from pipelines.text.documents.html_blocks import parse_html
from pipelines.text.documents.html_page import Page
from pipelines.text.documents.reading import NotesMode, Reading, ReadingOptions

REFERENCE = '<p>A cat<sup><a href="#n">1</a></sup>.</p>'


def read(body: str, notes: NotesMode) -> list[str]:
    reading, page = Reading(ReadingOptions(notes=notes)), Page("a.xhtml", media_type="application/xhtml+xml")
    blocks = list(parse_html([f"<html><body>{body}</body></html>"], page=page, reading=reading))
    if notes == "inline":
        reading.finish_collecting()
        blocks = list(parse_html([f"<html><body>{body}</body></html>"], page=page, reading=reading))
    return [block.title if isinstance(block, Chapter) else block.text for block in blocks]


@pytest.mark.parametrize("number", ["(1) ", "1. ", "[1] ", "[&lt;-1] ", "[A] ", "* ", "ii. ", "i) ", "\u2021 ", "12: "])
def test_a_note_is_read_without_its_number(number: str) -> None:
    body = f'{REFERENCE}<p id="n">{number}The note. \u21a9</p>'
    assert read(body, "inline") == ["A cat (The note.)."]
    assert read(body, "end") == ["A cat.", "The note."]


@pytest.mark.parametrize(
    "text", ["i.e. a lion.", "i. e. a lion.", "ll. 3 and 4.", "v. supra.", "1850 was cold.", "c. 1850."]
)
def test_words_that_look_like_the_number_of_a_note_are_read(text: str) -> None:
    assert read(f'{REFERENCE}<p><a id="n" href="#r">[1]</a>{text}</p>', "end") == ["A cat.", text]


@pytest.mark.parametrize("term", ['<dt id="n">1</dt>', '<dt><a id="n" href="#r">1</a></dt>'])
@pytest.mark.parametrize(
    ("mode", "expected"), [("skip", ["A cat."]), ("inline", ["A cat (The note.)."]), ("end", ["A cat.", "The note."])]
)
def test_a_term_that_is_the_number_of_a_note_goes_with_its_description(
    term: str, mode: NotesMode, expected: list[str]
) -> None:
    assert read(f"{REFERENCE}<dl>{term}<dd>The note.</dd></dl>", mode) == expected


def test_a_term_that_is_no_note_ends_the_one_before_it() -> None:
    body = f'{REFERENCE}<dl><dt id="n">1</dt><dd>The note.</dd><dt>Lion</dt><dd>A big cat.</dd></dl>'
    assert read(body, "skip") == ["A cat.", "Lion", "A big cat."]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("skip", ["A cat."]), ("inline", ["A cat (One.) (Two.)."]), ("end", ["A cat.", "One.", "Two."])],
)
@pytest.mark.parametrize("between", [", ", " ", ";", "\u2013"])
def test_all_references_in_one_raised_text_count(between: str, mode: NotesMode, expected: list[str]) -> None:
    reference = f'<p>A cat<sup><a href="#n">1</a>{between}<a href="#m">2</a></sup>.</p>'
    assert read(f'{reference}<p id="n">1. One.</p><p id="m">2. Two.</p>', mode) == expected


def test_the_line_and_the_title_above_notes_are_none_of_them() -> None:
    one = '<p>A cat<a epub:type="noteref" href="#n">1</a>.</p><aside epub:type="footnote" id="n">One.</aside>'
    two = '<section role="doc-endnotes"><hr/><h2>Notes</h2><p>Two.</p></section>'
    assert read(one + two, "inline")[0] == "A cat (One. Two.)."
    assert "* *" not in read(one + two, "end")
