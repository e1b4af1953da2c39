"""framework/evaluation/error_rates.py: figures that can be checked by hand."""

from __future__ import annotations

import pytest

from framework.evaluation.error_rates import ErrorCount, Score, score_transcript
from framework.evaluation.references import ReferenceWord


def spoken(text: str, *, shift: float = 0.0) -> list[ReferenceWord]:
    """A word a second."""
    return [ReferenceWord(word, at + shift, at + shift + 0.5) for at, word in enumerate(text.split())]


def untimed(text: str) -> list[ReferenceWord]:
    return [ReferenceWord(word) for word in text.split()]


@pytest.mark.parametrize(
    ("reference", "transcript", "errors", "length"),
    [
        ("the cat sat on the mat", "the cat sat on the mat", 0, 6),
        ("the cat sat on the mat", "the cat on a mat", 2, 6),
        ("the cat", "the fat black cat", 2, 2),
        ("the cat", "", 2, 2),
        ("", "the cat", 2, 0),
        ("", "", 0, 0),
    ],
)
def test_word_errors_are_the_edits_between_reference_and_transcript(
    reference: str, transcript: str, errors: int, length: int
) -> None:
    assert score_transcript(untimed(reference), untimed(transcript), "de").words == ErrorCount(errors, length)


def test_character_errors_are_counted_in_characters() -> None:
    assert score_transcript(untimed("abcd efgh"), untimed("abxd efh"), "de").characters == ErrorCount(2, 9)


def test_english_spelling_numbers_and_punctuation_are_normalised() -> None:
    reference = "Mr. Smith doesn't like twenty-five colours — um, does he?"
    assert (
        score_transcript(
            untimed(reference), untimed("mister smith does not like 25 colors does he"), "en-GB"
        ).words.errors
        == 0
    )
    assert (
        score_transcript(untimed(reference), untimed("mister smith does not like 25 colors does he"), "de").words.errors
        > 3
    )


def test_times_are_compared_at_both_edges_of_words_that_both_have() -> None:
    found = score_transcript(spoken("one two three four"), spoken("one too three four", shift=0.25), "de")
    assert found.edge_errors_s == (0.25,) * 6
    assert (found.timing_median_s, found.timing_p95_s) == (0.25, 0.25)


def test_edges_that_the_reference_does_not_know_are_not_compared() -> None:
    reference = [ReferenceWord("One,", 0.0, None), ReferenceWord("—"), ReferenceWord("two", None, 1.0)]
    found = score_transcript(reference, spoken("one two"), "de")
    assert found.edge_errors_s == pytest.approx((0.0, 0.5))
    assert score_transcript(untimed("one two"), spoken("one two"), "de").timing_median_s is None


def test_scores_add_up_by_words_and_seconds_not_by_recordings() -> None:
    short = Score(ErrorCount(1, 1), ErrorCount(4, 4), (0.1,), audio_s=1.0, processing_s=2.0)
    long = Score(ErrorCount(0, 9), ErrorCount(0, 36), (0.3,) * 9, audio_s=9.0, processing_s=3.0)
    total = short + long
    assert (total.words.rate, total.characters.rate, total.real_time_factor) == (0.1, 0.1, 0.5)
    assert total.timing_median_s == 0.3
    assert total.as_json()["wer"] == 0.1


def test_empty_score_has_no_rates() -> None:
    assert (Score().words.rate, Score().real_time_factor, Score().timing_p95_s) == (None, None, None)


def test_timing_p95_ignores_the_worst_twentieth() -> None:
    assert Score(edge_errors_s=tuple(number / 100 for number in range(100))).timing_p95_s == 0.95
