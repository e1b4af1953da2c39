"""Positions in a spoken text and in the written one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipelines.family import WordMark
from pipelines.text.aligned_text import Change, Spoken


def test_what_was_not_changed_keeps_its_place() -> None:
    spoken = Spoken("a 5 b").changed([Change(2, 3, "five")])
    assert spoken.text == "a five b"
    assert spoken.written_range(0, 1) == (0, 1)
    assert spoken.written_range(7, 8) == (4, 5)
    assert spoken.spoken_range(4, 5) == (7, 8)


def test_a_part_of_a_changed_stretch_stands_for_all_that_was_written() -> None:
    spoken = Spoken("pay $5.20 now").changed([Change(4, 9, "five dollars and twenty cents")])
    start = spoken.text.index("twenty")
    assert spoken.written_range(start, start + 6) == (4, 9)
    assert spoken.spoken_range(5, 6) == (4, 4 + len("five dollars and twenty cents"))


def test_changes_of_changes_still_know_what_was_written() -> None:
    once = Spoken("the W3C said").changed([Change(4, 7, "Web Body 3")])
    twice = once.changed([Change(13, 14, "three")])
    assert twice.text == "the Web Body three said"
    assert twice.written[slice(*twice.written_range(13, 18))] == "W3C"


def test_words_said_for_one_written_word_share_its_mark() -> None:
    spoken = Spoken("pay $5 now").changed([Change(4, 6, "five dollars")])
    marks = [WordMark(0, 3, 0.0, 0.3), WordMark(4, 8, 0.3, 0.5), WordMark(9, 16, 0.5, 0.9), WordMark(17, 20, 0.9, 1.2)]
    assert spoken.written_marks(marks) == [
        WordMark(0, 3, 0.0, 0.3),
        WordMark(4, 6, 0.3, 0.9),
        WordMark(7, 10, 0.9, 1.2),
    ]


def test_without_a_change_it_is_the_same_text() -> None:
    spoken = Spoken("Hello.")
    assert spoken.changed([]) is spoken
    assert spoken.written_range(6, 6) == (6, 6)


@given(st.text(min_size=1, max_size=40), st.data())
def test_any_changes_keep_every_written_character_within_the_ranges(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)))
    changes = [Change(a, b, data.draw(st.text(max_size=5))) for a, b in zip(cuts[::2], cuts[1::2], strict=False)]
    spoken = Spoken(text).changed(changes)
    done = 0
    for at in range(len(spoken.text)):
        start, end = spoken.written_range(at, at + 1)
        assert 0 <= start < end <= len(text)
        assert start >= done or (start, end) == spoken.written_range(at - 1, at)
        done = max(done, start)
