"""pipelines/audio/quality.py: faults made in speech are found, and none in speech that has none (Flite's)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.audio.quality import Measures, faults, measured, score, usual_rate
from pipelines.transcript.likeness import letters
from tests.material.flite_reader import lines, sound
from tests.material.sounds import RATE_HZ, hum

Samples = NDArray[np.int16]
TEXT = next(text for text in lines() if len(sound(text)) > 3 * RATE_HZ)


def grade(samples: NDArray[np.generic], text: str = TEXT) -> list[str]:
    whole = np.clip(samples, -32_768, 32_767).astype(np.int16)
    return list(faults(measured(whole, RATE_HZ, len(letters(text))), USUAL))


USUAL = usual_rate([measured(sound(text), RATE_HZ, len(letters(text))) for text in lines()])


def test_speech_without_faults_has_none() -> None:
    assert len(lines()) > 80
    assert [text for text in lines() if grade(sound(text), text)] == []


@pytest.mark.parametrize(
    ("fault", "make"),
    [
        ("no_sound", lambda x: x * 0),
        ("clipping", lambda x: x.astype(float) * 20),
        ("silence", lambda x: np.concatenate([x[:16_000], np.zeros(28_000), x[16_000:]])),
        ("silence", lambda x: np.concatenate([np.zeros(20_000), x])),
        ("rate", lambda x: x[::2]),
        ("rate", lambda x: np.repeat(x, 2)),
        ("repetition", lambda x: np.concatenate([x[:20_000], np.tile(x[12_000:20_000], 4)])),
        ("repetition", lambda x: np.concatenate([x[:20_000], np.tile(x[10_000:22_345], 4)])),
        ("repetition", lambda x: np.concatenate([x[:20_000], np.tile(x[8_000:11_001], 10)])),
        ("collapse", lambda x: np.asarray(hum(3.0)) * 20),
        ("collapse", lambda x: np.random.default_rng(1).normal(0.0, 3_000.0, 48_000)),
        ("collapse", lambda x: np.sign(np.sin(np.arange(48_000) * 2 * np.pi * 120 / RATE_HZ)) * 5_000),
    ],
)
def test_fault_is_found(fault: str, make: Callable[[Samples], NDArray[np.generic]]) -> None:
    assert fault in grade(make(sound(TEXT)))


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 24_000, 44_100])
def test_any_sampling_rate_is_measured(rate_hz: int) -> None:
    times = np.arange(rate_hz) / rate_hz
    steady = (8_000 * np.sin(2 * np.pi * 200 * times)).astype(np.int16)
    found = measured(steady, rate_hz, 14)
    assert found.collapsed > 0.5
    assert (found.clipped, found.silence_s, found.rate) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("length", [0, 1, 30, 700])
def test_hardly_any_sound_is_no_error(length: int) -> None:
    assert list(faults(measured(np.ones(length, np.int16), RATE_HZ, 3), None)) == ([] if length else ["no_sound"])


def test_a_voice_has_a_rate_of_its_own_from_six_sentences_on() -> None:
    some = [Measures(0.0, 0.0, 0.0, rate) for rate in (0.0, 10.0, 11.0, 12.0, 13.0, 14.0)]
    assert usual_rate(some) is None
    assert usual_rate([*some, Measures(0.0, 0.0, 0.0, 40.0)]) == 12.5


def test_score_is_five_for_nothing_wrong_and_one_at_least() -> None:
    assert score([]) == 5.0
    assert score(["clipping"]) == 4.0
    assert score(["no_sound", "clipping"]) == 1.0
