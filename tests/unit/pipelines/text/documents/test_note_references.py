"""References of notes."""

from __future__ import annotations

import pytest

from pipelines.text.documents.note_references import NoteReferences
from pipelines.text.documents.reading import Reading, ReadingOptions


@pytest.mark.parametrize(
    ("href", "address"),
    [
        ("#n1", "text/a.xhtml#n1"),
        ("notes.xhtml#n%201", "text/notes.xhtml#n 1"),
        ("../notes.xhtml#n1", "notes.xhtml#n1"),
        ("notes.xhtml", ""),
        ("#", ""),
        ("https://example.org/x#n1", ""),
    ],
)
def test_a_link_leads_to_a_place_in_the_document_or_out_of_it(href: str, address: str) -> None:
    assert NoteReferences("text/a.xhtml", Reading()).resolve(href) == address


def test_an_element_is_a_note_once_it_was_referred_to() -> None:
    reading = Reading()
    references = NoteReferences("a", reading)
    assert not references.is_note("n1")
    assert references.refer("a#n1") == ""
    assert references.is_note("n1") and not references.is_note("") and not NoteReferences("b", reading).is_note("n1")


def test_the_text_of_a_note_is_given_when_notes_are_read_inline_and_were_collected() -> None:
    reading = Reading(ReadingOptions(notes="inline"))
    reading.notes["a#n1"] = "Text."
    references = NoteReferences("a", reading)
    assert references.reads_notes_elsewhere and references.refer("a#n1") == ""
    reading.finish_collecting()
    assert not references.reads_notes_elsewhere and references.refer("a#n1") == "Text."
    assert references.refer("a#n2") == ""
