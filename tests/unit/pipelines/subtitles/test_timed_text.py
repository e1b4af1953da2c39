"""pipelines/subtitles/timed_text.py: words of a segment, and words wider than a line."""

from __future__ import annotations

import pytest

from pipelines.subtitles.timed_segment import TimedSegment
from pipelines.subtitles.timed_text import display_width, timed_texts


def texts(text: str, columns: int) -> list[str]:
    return [token.text for token in timed_texts(TimedSegment(text, 0.0, 1.0), columns)]


def test_wide_characters_have_two_columns_and_combining_marks_none() -> None:
    assert (display_width("abc"), display_width("猫"), display_width("e\u0301")) == (3, 2, 1)


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("Straßenbahnhaltestellenhäuschen", ["Straßenbahnhaltestellenhäuschen"]),
        ("Rhein-Main-Donau-Schifffahrt", ["Rhein-Main-", "Donau-", "Schifffahrt"]),
        ("吾輩は猫である。名前", ["吾輩は猫であ", "る。名前"]),
        ("short", ["short"]),
    ],
)
def test_word_wider_than_a_line_is_parted_where_its_writing_parts_it_only(word: str, parts: list[str]) -> None:
    assert texts(word, 12) == parts


def test_parts_share_the_time_of_their_word() -> None:
    first, second = timed_texts(TimedSegment("Rhein-Main-Donau-Kanal", 0.0, 1.0), 12)
    assert (first.start, first.end, second.end) == (0.0, 0.5, 1.0)
    assert not second.has_space
