from __future__ import annotations

import math

import numpy as np
import pytest

from pipelines.families.whisper.decode_thresholds import (
    DecodeThresholds,
    compression_ratio,
    find_loop,
    measure_level_db,
    remove_loops,
)
from pipelines.families.whisper.decoding import DecodedText
from tests.audio_factories import make_silence, make_sine

SPEECH = "And so my fellow Americans, ask not what your country can do for you."


def decoded(tokens: list[int] | None = None, *, logprob: float = -0.2, no_speech: float = 0.1) -> DecodedText:
    return DecodedText(list(range(20)) if tokens is None else tokens, logprob, no_speech)


def test_a_probable_text_is_not_doubtful() -> None:
    assert not DecodeThresholds().is_doubtful(decoded(), SPEECH)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (decoded(logprob=-1.1), SPEECH),
        (decoded(), "Thank you. " * 20),
        (decoded([1, 2, *[7, 8, 9] * 8]), SPEECH),
    ],
    ids=["not believed by the model", "repeats itself", "tokens in a loop"],
)
def test_doubtful_text_is_tried_again(found: DecodedText, text: str) -> None:
    assert DecodeThresholds().is_doubtful(found, text)


def test_silence_is_no_reason_for_another_attempt() -> None:
    assert not DecodeThresholds().is_doubtful(decoded(logprob=-2.0, no_speech=0.9), SPEECH)


@pytest.mark.parametrize(
    ("found", "level", "dropped"),
    [
        (decoded(no_speech=0.9, logprob=-1.5), -20.0, True),
        (decoded(no_speech=0.9, logprob=-0.2), -60.0, True),
        (decoded(no_speech=0.9, logprob=-0.2), -20.0, False),
        (decoded(no_speech=0.1, logprob=-1.5), -60.0, False),
    ],
)
def test_silence_needs_the_model_and_a_second_witness(found: DecodedText, level: float, dropped: bool) -> None:
    assert DecodeThresholds().is_silence(found, level) is dropped


def test_of_two_attempts_the_one_without_repetition_wins_then_the_likelier() -> None:
    thresholds = DecodeThresholds()
    looping, plain, better = decoded([5] * 30, logprob=-0.1), decoded(logprob=-0.9), decoded(logprob=-0.4)
    assert min((looping, plain, better), key=lambda each: thresholds.rank(each, SPEECH)) is better
    assert thresholds.rank(plain, SPEECH) < thresholds.rank(looping, SPEECH)


@pytest.mark.parametrize(
    ("tokens", "loop"),
    [
        ([1, 2, 3, *[9] * 16], (3, 1)),
        ([9] * 15, None),
        ([4, *[1, 2, 3, 4, 5] * 4, 8], (1, 5)),
        ([*[1, 2, 3, 4, 5] * 3], None),
        (list(range(200)), None),
        ([], None),
    ],
)
def test_loops_are_found_where_they_begin(tokens: list[int], loop: tuple[int, int] | None) -> None:
    assert find_loop(tokens) == loop


def test_loop_is_kept_once_and_what_follows_stays() -> None:
    assert remove_loops([1, 2, *[7, 8, 9] * 9, 3, 4]) == [1, 2, 7, 8, 9, 3, 4]
    assert remove_loops([*[5] * 20, 1, *[6, 7] * 12]) == [5, 1, 6, 7]
    assert remove_loops(list(range(50))) == list(range(50))


def test_compression_ratio_separates_speech_from_repetition() -> None:
    assert compression_ratio(SPEECH) < 2.4 < compression_ratio("Thank you. " * 20)
    assert compression_ratio("") == 0.0


def test_level_is_that_of_the_loudest_moment() -> None:
    tone = make_sine(0.5, level=0.5)
    assert measure_level_db(tone) == pytest.approx(20 * math.log10(0.5 / math.sqrt(2)), abs=0.1)
    assert measure_level_db(np.concatenate([make_silence(5), tone])) == pytest.approx(measure_level_db(tone), abs=0.1)
    assert measure_level_db(make_silence(1)) == measure_level_db(make_silence(0)) == -math.inf
