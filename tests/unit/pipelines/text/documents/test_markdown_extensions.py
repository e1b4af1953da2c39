"""What programs beyond CommonMark write into text."""

from __future__ import annotations

import pytest

from pipelines.text.documents.markdown_extensions import read_extensions, strip_attributes, strip_task
from pipelines.text.documents.reading import NotesMode, Reading, ReadingOptions


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("==marked== and ++new++ but a == b and a == b", "marked and new but a == b and a == b"),
        ("H~2~O, x^2^, x^2 and 10^n^", "H2O, x², x² and 10ⁿ"),
        ("A [span]{.smallcaps} and a link{target=_blank}.", "A span and a link."),
        ("Set {a, b} and f{x}", "Set {a, b} and f{x}"),
        ("[[Page]], [[page|shown]] and ![[picture.png]]", "Page, shown and "),
        ("[!NOTE] Text", "Text"),
        ("$x^2$, $$E = mc^{2}$$, $a_i$, $5 and $6", "x², E = mc², ai, $5 and $6"),
        ("Où : là", "Où : là"),
    ],
)
def test_marks_are_not_read(written: str, read: str) -> None:
    assert read_extensions(written, {}, Reading()) == read


@pytest.mark.parametrize(
    ("notes", "read", "left"),
    [
        ("skip", "Text and more and.", ["Left out: note references (3)."]),
        ("inline", "Text (one) and more (own) and.", ["Left out: note references (1)."]),
        ("end", "Text and more and.", ["Left out: note references (1)."]),
    ],
)
def test_notes_are_read_as_asked(notes: NotesMode, read: str, left: list[str]) -> None:
    reading, known = Reading(ReadingOptions(notes=notes)), {"1": "one"}
    assert read_extensions("Text[^1] and more^[own] and[^x].", known, reading) == read
    assert reading.warnings() == left
    assert reading.pending_notes == (["one", "own"] if notes == "end" else [])


def test_a_note_is_read_at_its_first_reference_alone() -> None:
    reading = Reading(ReadingOptions(notes="inline"))
    assert read_extensions("a[^1] b[^1]", {"1": "one"}, reading) == "a (one) b"
    assert reading.warnings() == ["Left out: note references (1)."]


def test_formulas_with_commands_are_left_out_and_counted() -> None:
    reading = Reading()
    assert read_extensions("So $\\frac{a}{b}$ holds.", {}, reading) == "So  holds."
    assert reading.warnings() == ["Left out: formulas (1)."]


def test_attributes_and_boxes() -> None:
    assert strip_attributes("Two {#two .unnumbered}") == "Two"
    assert strip_attributes("Two {-}") == "Two"
    assert [strip_task(text) for text in ("[x] done", "[ ] open", "[y] text")] == ["done", "open", "[y] text"]
