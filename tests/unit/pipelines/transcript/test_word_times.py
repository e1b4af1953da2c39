"""pipelines/transcript/word_times.py: no word over another, none of zero length."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipelines.family import Phrase, Word
from pipelines.transcript.word_times import MIN_WORD_S, order_times

TIMES = st.floats(0, 100).map(lambda value: round(value, 3))
WORDS = st.builds(lambda start, length: Word("w", start, round(start + length, 3), 0.5), TIMES, st.floats(0, 5))
PHRASES = st.one_of(
    st.lists(WORDS, min_size=1, max_size=6).map(lambda words: Phrase("w", 0.0, 200.0, 0.5, tuple(words))),
    st.builds(lambda start, length: Phrase("w", start, start + length, 0.5), TIMES, st.floats(0, 5)),
)


def spoken(phrases: list[Phrase]) -> list[tuple[float, float]]:
    return [(each.start, each.end) for phrase in phrases for each in phrase.words or [phrase]]


@given(st.lists(PHRASES, max_size=6))
def test_times_ascend_without_overlap_and_every_word_has_a_length(phrases: list[Phrase]) -> None:
    ordered = list(order_times(phrases))
    at = 0.0
    for start, end in spoken(ordered):
        assert at <= start < end
        at = end
    assert [len(phrase.words) for phrase in ordered] == [len(phrase.words) for phrase in phrases]
    assert all((each.start, each.end) == (each.words[0].start, each.words[-1].end) for each in ordered if each.words)


def test_times_that_are_in_order_stay() -> None:
    phrase = Phrase("a b", 1.0, 2.0, 0.5, (Word("a", 1.0, 1.4, 0.5), Word("b", 1.4, 2.0, 0.5)))
    assert list(order_times([phrase])) == [phrase]


def test_words_that_are_recognised_again_begin_where_the_earlier_ones_end() -> None:
    first = Phrase("a b", 1.0, 3.0, 0.5, (Word("a", 1.0, 2.0, 0.5), Word("b", 2.0, 3.0, 0.5)))
    again = Phrase("b c", 2.5, 4.0, 0.5, (Word("b", 2.5, 2.9, 0.5), Word("c", 2.9, 4.0, 0.5)))
    assert spoken(list(order_times([first, again])))[2:] == [(3.0, 3.0 + MIN_WORD_S), (3.04, 4.0)]
