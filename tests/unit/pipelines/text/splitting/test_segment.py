"""Segments: their JSON form, and how a long one is split."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.text.splitting.segment import TextSegment, split_ranges, split_segment
from pipelines.text.style import SpokenForm, Style

FULL = TextSegment(
    "In Reading", "paragraph", Style(voice="a", rate=1.5), (SpokenForm(3, 10, "ipa", "ˈrɛdɪŋ"),), (("m", 3),), 0.5
)


@pytest.mark.parametrize("segment", [FULL, TextSegment("Hello."), TextSegment("", "none", marks=(("end", 0),))])
def test_segment_survives_json(segment: TextSegment) -> None:
    assert TextSegment.from_json(json.loads(json.dumps(segment.to_json()))) == segment


def test_neutral_segment_is_text_and_pause_alone() -> None:
    assert TextSegment("Hello.").to_json() == ["Hello.", "sentence"]


def test_short_segment_is_not_split() -> None:
    assert [part.text for part in split_segment(FULL, 10)] == ["In Reading"]


def test_spoken_forms_and_marks_go_with_their_characters_and_the_pause_with_the_last_part() -> None:
    segment = TextSegment(
        "one two, three four",
        "paragraph",
        spoken_forms=[SpokenForm(9, 14, "sub", "3")],
        marks=[("a", 0), ("b", 15), ("end", 19)],
        silence_s=1.0,
    )
    first, last = split_segment(segment, 12)
    assert (first.text, first.pause, first.silence_s, list(first.marks)) == ("one two,", "none", None, [("a", 0)])
    assert (last.text, last.pause, last.silence_s) == ("three four", "paragraph", 1.0)
    assert list(last.spoken_forms) == [SpokenForm(0, 5, "sub", "3")]
    assert list(last.marks) == [("b", 6), ("end", 10)]


def test_no_cut_is_inside_a_spoken_form() -> None:
    form = SpokenForm(4, 17, "sub", "x")
    assert list(split_ranges("aaa bbb ccc ddd eee fff", 10, [form])) == [(0, 3), (4, 17), (17, 23)]


@given(st.text(alphabet="ab ,.", max_size=80), st.integers(1, 20))
def test_ranges_are_short_and_lose_nothing_but_white_space(text: str, limit: int) -> None:
    ranges = list(split_ranges(text, limit))
    assert all(0 < end - start <= limit for start, end in ranges)
    assert "".join(text[start:end] for start, end in ranges).replace(" ", "") == text.replace(" ", "")
