"""Pieces one behind the other: rates, silences, places of marks."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.errors import EngineFailure
from pipelines.family import Speech
from pipelines.text.splitting.segment import TextSegment
from pipelines.text.style import Style
from pipelines.text.word_marks import WordMark
from pipelines.tts.assembly import PartAssembler

LOUD = np.full(8_000, 1_000, np.int16)


def assembly(rate: int = 16_000) -> PartAssembler:
    return PartAssembler(sample_rate_hz=rate, speed=2.0, marks=True)


def test_silence_in_front_is_counted_at_the_rate_that_the_voice_turns_out_to_have() -> None:
    made = assembly(16_000)
    made.add(TextSegment("", "none", silence_s=1.0, marks=[("a", 0)]), None)
    made.add(TextSegment("", "none", marks=[("b", 0)]), None)
    made.add(TextSegment("Hello.", "none"), Speech(LOUD, 8_000))
    part = made.part(0)
    assert (part.sample_rate_hz, len(part.samples)) == (8_000, 8_000 + 8_000)
    assert part.source_marks == (("a", 0), ("b", 8_000))
    assert part.sentences[0].start == 8_000


def test_voices_of_different_rates_are_refused_by_their_numbers() -> None:
    made = assembly(16_000)
    made.add(TextSegment("One."), Speech(LOUD, 16_000))
    with pytest.raises(EngineFailure, match="8000 Hz and another one of the same job at 16000 Hz"):
        made.add(TextSegment("Two."), Speech(LOUD, 8_000))


def test_a_part_of_silence_alone_has_the_rate_of_the_catalogue() -> None:
    made = assembly(16_000)
    made.add(TextSegment("", "paragraph"), None)
    made.add(TextSegment("", "none", silence_s=0.5), None)
    assert (made.part(0).sample_rate_hz, len(made.part(0).samples)) == (16_000, round(0.7 / 2 * 16_000) + 8_000)


@pytest.mark.parametrize(("at", "sample"), [(0, 0), (4, 2_000), (7, 6_000), (9, 8_000)])
def test_a_mark_is_where_its_word_begins_and_exact_at_both_ends(at: int, sample: int) -> None:
    made = assembly()
    words = [WordMark(0, 3, 0.0, 0.1), WordMark(4, 6, 2_000 / 16_000, 0.2), WordMark(7, 9, 6_000 / 16_000, 0.5)]
    made.add(TextSegment("One is it", marks=[("m", at)]), Speech(LOUD, 16_000), words)
    assert made.part(0).source_marks == (("m", sample),)


def test_without_words_a_mark_is_at_its_share_of_the_characters() -> None:
    made = assembly()
    made.add(TextSegment("abcd efgh.", marks=[("m", 5)]), Speech(LOUD, 16_000))
    assert made.part(0).source_marks == (("m", 4_000),)


@pytest.mark.parametrize(("gain_db", "level"), [(0.0, 1_000), (6.0206, 2_000), (-20.0, 100), (40.0, 32_767), (None, 0)])
def test_levels_are_gains_that_stay_within_the_samples(gain_db: float | None, level: int) -> None:
    made = assembly()
    made.add(TextSegment("Hi.", "none", Style(gain_db=gain_db)), Speech(LOUD, 16_000))
    assert made.part(0).samples.tolist() == [level] * 8_000


def test_a_sentence_is_as_long_as_its_spoken_form() -> None:
    made = assembly()
    made.add(TextSegment("It is $5.", "none"), Speech(LOUD, 16_000), spoken="It is five dollars.")
    made.add(TextSegment("It is.", "none"), Speech(LOUD, 16_000))
    assert [each.spoken_letters for each in made.part(0).sentences] == [15, 4]
