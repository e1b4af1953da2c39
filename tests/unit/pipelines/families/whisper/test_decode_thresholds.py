from __future__ import annotations

import math

import numpy as np
import pytest

from pipelines.families.whisper.decode_thresholds import Gates, compression_ratio, level_db, loop_in, without_loop
from pipelines.families.whisper.decoding import Decoded
from tests.factories import make_silence, make_sound

SPEECH = "And so my fellow Americans, ask not what your country can do for you."


def decoded(tokens: list[int] | None = None, *, logprob: float = -0.2, no_speech: float = 0.1) -> Decoded:
    return Decoded(list(range(20)) if tokens is None else tokens, logprob, no_speech)


def test_what_is_sure_is_believed() -> None:
    assert not Gates().is_doubtful(decoded(), SPEECH)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (decoded(logprob=-1.1), SPEECH),
        (decoded(), "Thank you. " * 20),
        (decoded([1, 2, *[7, 8, 9] * 8]), SPEECH),
    ],
    ids=["not believed by the model", "repeats itself", "tokens in a loop"],
)
def test_doubtful_text_is_tried_again(found: Decoded, text: str) -> None:
    assert Gates().is_doubtful(found, text)


def test_silence_is_no_reason_for_another_attempt() -> None:
    assert not Gates().is_doubtful(decoded(logprob=-2.0, no_speech=0.9), SPEECH)


@pytest.mark.parametrize(
    ("found", "level", "dropped"),
    [
        (decoded(no_speech=0.9, logprob=-1.5), -20.0, True),
        (decoded(no_speech=0.9, logprob=-0.2), -60.0, True),
        (decoded(no_speech=0.9, logprob=-0.2), -20.0, False),
        (decoded(no_speech=0.1, logprob=-1.5), -60.0, False),
    ],
)
def test_silence_needs_the_model_and_a_second_witness(found: Decoded, level: float, dropped: bool) -> None:
    assert Gates().is_silence(found, level) is dropped


def test_of_two_attempts_the_one_without_repetition_wins_then_the_likelier() -> None:
    gates = Gates()
    looping, plain, better = decoded([5] * 30, logprob=-0.1), decoded(logprob=-0.9), decoded(logprob=-0.4)
    assert min((looping, plain, better), key=lambda each: gates.rank(each, SPEECH)) is better
    assert gates.rank(plain, SPEECH) < gates.rank(looping, SPEECH)


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
    assert loop_in(tokens) == loop


def test_loop_is_said_once_and_what_follows_stays() -> None:
    assert without_loop([1, 2, *[7, 8, 9] * 9, 3, 4]) == [1, 2, 7, 8, 9, 3, 4]
    assert without_loop([*[5] * 20, 1, *[6, 7] * 12]) == [5, 1, 6, 7]
    assert without_loop(list(range(50))) == list(range(50))


def test_compression_tells_speech_from_repetition() -> None:
    assert compression_ratio(SPEECH) < 2.4 < compression_ratio("Thank you. " * 20)
    assert compression_ratio("") == 0.0


def test_level_is_that_of_the_loudest_moment() -> None:
    tone = make_sound(0.5, level=0.5)
    assert level_db(tone) == pytest.approx(20 * math.log10(0.5 / math.sqrt(2)), abs=0.1)
    assert level_db(np.concatenate([make_silence(5), tone])) == pytest.approx(level_db(tone), abs=0.1)
    assert level_db(make_silence(1)) == level_db(make_silence(0)) == -math.inf
