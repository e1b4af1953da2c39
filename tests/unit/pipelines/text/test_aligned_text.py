"""Positions in a spoken text and in the written one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipelines.text.aligned_text import AlignedText, Replacement
from pipelines.text.word_marks import WordMark


def test_what_was_not_changed_keeps_its_place() -> None:
    spoken = AlignedText("a 5 b").apply([Replacement(2, 3, "five")])
    assert spoken.text == "a five b"
    assert spoken.written_range(0, 1) == (0, 1)
    assert spoken.written_range(7, 8) == (4, 5)
    assert spoken.spoken_range(4, 5) == (7, 8)


def test_a_part_of_a_replacement_is_aligned_with_all_that_it_replaces() -> None:
    spoken = AlignedText("pay $5.20 now").apply([Replacement(4, 9, "five dollars and twenty cents")])
    start = spoken.text.index("twenty")
    assert spoken.written_range(start, start + 6) == (4, 9)
    assert spoken.spoken_range(5, 6) == (4, 4 + len("five dollars and twenty cents"))


def test_replacements_of_replacements_are_aligned_with_the_written_text() -> None:
    once = AlignedText("the W3C said").apply([Replacement(4, 7, "Web Body 3")])
    twice = once.apply([Replacement(13, 14, "three")])
    assert twice.text == "the Web Body three said"
    assert twice.written[slice(*twice.written_range(13, 18))] == "W3C"


def test_words_spoken_for_one_written_word_share_its_mark() -> None:
    spoken = AlignedText("pay $5 now").apply([Replacement(4, 6, "five dollars")])
    marks = [WordMark(0, 3, 0.0, 0.3), WordMark(4, 8, 0.3, 0.5), WordMark(9, 16, 0.5, 0.9), WordMark(17, 20, 0.9, 1.2)]
    assert spoken.written_marks(marks) == [
        WordMark(0, 3, 0.0, 0.3),
        WordMark(4, 6, 0.3, 0.9),
        WordMark(7, 10, 0.9, 1.2),
    ]


def test_without_a_change_it_is_the_same_text() -> None:
    spoken = AlignedText("Hello.")
    assert spoken.apply([]) is spoken
    assert spoken.written_range(6, 6) == (6, 6)


@given(st.text(min_size=1, max_size=40), st.data())
def test_any_changes_keep_every_written_character_within_the_ranges(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)))
    changes = [Replacement(a, b, data.draw(st.text(max_size=5))) for a, b in zip(cuts[::2], cuts[1::2], strict=False)]
    spoken = AlignedText(text).apply(changes)
    done = 0
    for at in range(len(spoken.text)):
        start, end = spoken.written_range(at, at + 1)
        assert 0 <= start < end <= len(text)
        assert start >= done or (start, end) == spoken.written_range(at - 1, at)
        done = max(done, start)
