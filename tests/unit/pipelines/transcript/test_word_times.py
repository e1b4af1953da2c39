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


@given(st.lists(PHRASES, max_size=6), st.floats(0, 110))
def test_times_ascend_without_overlap_and_every_word_has_a_length(phrases: list[Phrase], end_s: float) -> None:
    ordered = list(order_times(phrases, end_s))
    at = 0.0
    for start, end in spoken(ordered):
        assert at <= start < end
        at = end
    first = phrases[0].words or phrases[:1] if phrases else []
    needed = MIN_WORD_S * len(spoken(phrases))
    if first and first[0].start + needed <= end_s:
        assert at <= end_s + 0.001
    assert [len(phrase.words) for phrase in ordered] == [len(phrase.words) for phrase in phrases]
    assert all((each.start, each.end) == (each.words[0].start, each.words[-1].end) for each in ordered if each.words)


def test_times_that_are_in_order_stay() -> None:
    phrase = Phrase("a b", 1.0, 2.0, 0.5, (Word("a", 1.0, 1.4, 0.5), Word("b", 1.4, 2.0, 0.5)))
    assert list(order_times([phrase], 2.0)) == [phrase]


def test_words_that_are_recognised_again_begin_where_the_earlier_ones_end() -> None:
    first = Phrase("a b", 1.0, 3.0, 0.5, (Word("a", 1.0, 2.0, 0.5), Word("b", 2.0, 3.0, 0.5)))
    again = Phrase("b c", 2.5, 4.0, 0.5, (Word("b", 2.5, 2.9, 0.5), Word("c", 2.9, 4.0, 0.5)))
    assert spoken(list(order_times([first, again], 9.0)))[2:] == [(3.0, 3.0 + MIN_WORD_S), (3.04, 4.0)]


def test_words_without_a_length_at_the_end_of_a_window_stay_before_it() -> None:
    words = (Word("a", 1.0, 1.96, 0.5), Word("b", 2.0, 2.0, 0.5), Word("c", 2.0, 2.0, 0.5))
    [phrase] = order_times([Phrase("a b c", 1.0, 2.0, 0.5, words)], 2.0)
    assert spoken([phrase]) == [(1.0, 1.92), (1.92, 1.96), (1.96, 2.0)]


def test_words_of_a_short_window_share_it() -> None:
    words = tuple(Word("a", 5.0, 5.0, 0.5) for _ in range(10))
    [phrase] = order_times([Phrase("a", 5.0, 5.0, 0.5, words)], 5.1)
    assert spoken([phrase])[-1][1] == 5.1 and {round(end - start, 3) for start, end in spoken([phrase])} == {0.01}
