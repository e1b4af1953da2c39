"""The state of a document's reading."""

from __future__ import annotations

from pipelines.text.documents.reading import Reading, ReadingOptions


def test_what_was_left_out_is_one_sentence_with_counts() -> None:
    reading = Reading()
    assert reading.warnings() == []
    reading.omissions.update({"page numbers": 4, "notes": 1, "formulas": 0})
    assert reading.warnings() == ["Left out: notes (1), page numbers (4)."]


def test_notes_are_collected_before_they_are_read_at_their_references() -> None:
    assert not Reading(ReadingOptions(notes="end")).is_collecting
    reading = Reading(ReadingOptions(notes="inline"))
    assert reading.is_collecting
    reading.omissions["notes"] += 1
    reading.notes["p#1"] = "Text."
    reading.finish_collecting()
    assert (reading.is_collecting, reading.warnings(), reading.notes) == (False, [], {"p#1": "Text."})
