"""pipelines/tts/renditions.py: one sentence for another, to the sample."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipelines.tts.part_file import SpeechPart, SpokenSentence, SpokenWord
from pipelines.tts.renditions import Rendition, extract_rendition, join_rendition, replace_renditions

RATE = 100
FIRST = SpokenSentence("One two.", 10, 30, (SpokenWord("One", 10, 20), SpokenWord("two", 20, 30)), segment_index=0)
SECOND = SpokenSentence("Three.", 40, 60, (SpokenWord("Three", 42, 58),), segment_index=2)
PART = SpeechPart(
    0, RATE, np.arange(70, dtype=np.int16), (FIRST, SECOND), (("a", 5), ("b", 20), ("c", 35), ("d", 60), ("e", 70))
)


def make_rendition(length: int, **changes: object) -> Rendition:
    samples = np.full(length, -1, np.int16)
    words = (SpokenWord("One", 1, 3), SpokenWord("two", 4, length))
    return Rendition(SpokenSentence("One two.", 0, length, words, segment_index=0), samples, RATE, **changes)  # type: ignore[arg-type]


def test_without_renditions_nothing_changes() -> None:
    same = replace_renditions(PART, {})
    assert np.array_equal(same.samples, PART.samples)
    assert (same.sentences, same.source_marks) == (PART.sentences, PART.source_marks)


def test_a_sentences_own_rendition_changes_nothing() -> None:
    same = replace_renditions(PART, {0: extract_rendition(PART, FIRST), 2: extract_rendition(PART, SECOND)})
    assert np.array_equal(same.samples, PART.samples)
    assert (same.sentences, same.source_marks) == (PART.sentences, PART.source_marks)


@pytest.mark.parametrize("length", [0, 5, 20, 33])
def test_sentences_after_a_rendition_move_and_pauses_stay(length: int) -> None:
    new = replace_renditions(PART, {0: make_rendition(length)})
    by = length - 20
    assert new.samples.tolist() == [*range(10), *[-1] * length, *range(30, 70)]
    first, second = new.sentences
    assert (first.start, first.end) == (10, 10 + length)
    assert first.words[0] == SpokenWord("One", 11, 13)
    assert (second.start, second.end, second.words) == (40 + by, 60 + by, (SpokenWord("Three", 42 + by, 58 + by),))
    assert dict(new.source_marks) == {"a": 5, "b": 10 + length // 2, "c": 35 + by, "d": 60 + by, "e": 70 + by}


def test_a_mark_goes_where_the_new_rendition_has_it() -> None:
    assert dict(replace_renditions(PART, {0: make_rendition(8, source_marks=(("b", 7),))}).source_marks)["b"] == 17


def test_a_sentence_spoken_in_pieces_is_one_rendition() -> None:
    one = SpokenSentence("One", 0, 4, (SpokenWord("One", 0, 4),))
    two = SpokenSentence("two.", 5, 9, (SpokenWord("two", 5, 9),))
    pieces = SpeechPart(0, RATE, np.ones(9, np.int16), (one, two))
    whole = join_rendition(pieces, FIRST)
    assert (whole.sentence.text, whole.sentence.end, whole.sentence.attempts) == ("One two.", 9, 2)
    assert [word.text for word in whole.sentence.words] == ["One", "two"]


@pytest.mark.parametrize("rate_hz", [16_000, 24_000, 44_100])
def test_a_rendition_at_another_rate_is_resampled_to_that_of_the_part(rate_hz: int) -> None:
    times = np.arange(rate_hz) / rate_hz
    words = (SpokenWord("One", 0, rate_hz // 2), SpokenWord("two", rate_hz // 2, rate_hz))
    sentence = SpokenSentence("One two.", 0, rate_hz, words, segment_index=0)
    samples = (8_000 * np.sin(2 * np.pi * 200 * times)).astype(np.int16)
    whole = replace(PART, sample_rate_hz=22_050)
    new = replace_renditions(whole, {0: Rendition(sentence, samples, rate_hz, (("b", rate_hz // 4),))})
    assert (new.sample_rate_hz, len(new.samples)) == (22_050, 70 - 20 + 22_050)
    first, second = new.sentences
    assert (first.start, first.end, second.start) == (10, 10 + 22_050, 20 + 22_050)
    assert first.words == (SpokenWord("One", 10, 11_035), SpokenWord("two", 11_035, 22_060))
    assert dict(new.source_marks)["b"] == pytest.approx(10 + 22_050 / 4, abs=1)
    wanted = 8_000 * np.sin(2 * np.pi * 200 * np.arange(22_050) / 22_050)
    middle = slice(1_000, 21_000)  # filters oscillate at the edges
    assert np.abs(new.samples[10 : 10 + 22_050] - wanted)[middle].max() < 5
