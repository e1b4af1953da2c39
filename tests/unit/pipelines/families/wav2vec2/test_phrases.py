from __future__ import annotations

import pytest

from pipelines.families.wav2vec2.ctc import CtcWord
from pipelines.families.wav2vec2.phrases import build_phrases
from pipelines.family import Phrase


def phrases(*words: CtcWord, seconds: float = 10.0, separator: str = " ") -> list[Phrase]:
    return list(build_phrases(words, frame_s=0.02, seconds=seconds, separator=separator))


def test_a_long_pause_begins_a_phrase_and_a_short_one_does_not() -> None:
    one, two, three = CtcWord("one", 0, 9, 1.0), CtcWord("two", 20, 29, 1.0), CtcWord("three", 60, 69, 1.0)
    assert [phrase.text for phrase in phrases(one, two, three)] == ["one two", "three"]


def test_times_are_from_the_first_frame_to_the_end_of_the_last() -> None:
    (phrase,) = phrases(CtcWord("one", 5, 9, 1.0), CtcWord("two", 12, 14, 1.0))
    assert (phrase.start, phrase.end) == pytest.approx((0.10, 0.30))
    assert [edge for word in phrase.words for edge in (word.start, word.end)] == pytest.approx([0.1, 0.2, 0.24, 0.3])


def test_times_are_clipped_to_the_window() -> None:
    (phrase,) = phrases(CtcWord("one", 5, 20, 1.0), seconds=0.25)
    assert phrase.end == phrase.words[0].end == 0.25


def test_confidence_is_weighted_by_the_length_of_words() -> None:
    (phrase,) = phrases(CtcWord("a", 0, 1, 0.2), CtcWord("bcd", 3, 5, 1.0))
    assert phrase.confidence == pytest.approx(0.8)


def test_scripts_without_spaces_are_joined_without_any() -> None:
    (phrase,) = phrases(CtcWord("你", 0, 1, 1.0), CtcWord("好", 3, 5, 1.0), separator="")
    assert phrase.text == "你好"


def test_no_words_are_no_phrases() -> None:
    assert phrases() == []
