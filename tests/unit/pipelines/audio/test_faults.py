"""pipelines/audio/faults.py: faults made in speech are found, and none in speech that has none (Flite's)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.audio.faults import HUMAN_RATES, Measurements, compute_score, expected_rates, find_faults, measure
from pipelines.text.length import estimate_spoken_letters
from tests.material.recorded_voice import cut_samples, load_sentences
from tests.material.sounds import RATE_HZ, make_hum

Samples = NDArray[np.int16]
TEXT = next(text for text in load_sentences() if len(cut_samples(text)) > 3 * RATE_HZ)


def grade(samples: NDArray[np.generic], text: str = TEXT, rates: tuple[float, float] | None = None) -> list[str]:
    whole = np.clip(samples, -32_768, 32_767).astype(np.int16)
    return list(find_faults(measure(whole, RATE_HZ, estimate_spoken_letters(text)), rates or USUAL))


USUAL = expected_rates(
    [measure(cut_samples(text), RATE_HZ, estimate_spoken_letters(text)) for text in load_sentences()]
)


def test_speech_without_faults_has_none() -> None:
    assert len(load_sentences()) > 80
    for rates in (USUAL, HUMAN_RATES):
        assert [text for text in load_sentences() if grade(cut_samples(text), text, rates)] == []


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
        ("collapse", lambda x: np.asarray(make_hum(3.0)) * 20),
        ("collapse", lambda x: np.random.default_rng(1).normal(0.0, 3_000.0, 48_000)),
        ("collapse", lambda x: np.sign(np.sin(np.arange(48_000) * 2 * np.pi * 120 / RATE_HZ)) * 5_000),
    ],
)
def test_fault_is_found(fault: str, make: Callable[[Samples], NDArray[np.generic]]) -> None:
    assert fault in grade(make(cut_samples(TEXT)))


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 24_000, 44_100])
def test_any_sampling_rate_is_measured(rate_hz: int) -> None:
    times = np.arange(rate_hz) / rate_hz
    steady = (8_000 * np.sin(2 * np.pi * 200 * times)).astype(np.int16)
    found = measure(steady, rate_hz, 14)
    assert found.collapsed > 0.5
    assert (found.clipped_share, found.silence_s, found.rate) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("length", [0, 1, 30, 700])
def test_hardly_any_sound_is_no_error(length: int) -> None:
    assert list(find_faults(measure(np.ones(length, np.int16), RATE_HZ, 3), USUAL)) == ([] if length else ["no_sound"])


def test_a_voice_has_a_rate_of_its_own_from_six_sentences_on() -> None:
    some = [Measurements(0.0, 0.0, 0.0, rate) for rate in (0.0, 10.0, 11.0, 12.0, 13.0, 14.0)]
    assert expected_rates(some) == HUMAN_RATES
    assert expected_rates([*some, Measurements(0.0, 0.0, 0.0, 40.0)]) == pytest.approx((12.5 / 1.7, 12.5 * 1.7))


@pytest.mark.parametrize(("factor", "found"), [(1 / 4, ["rate"]), (1 / 2, []), (1, []), (4, ["rate"])])
def test_a_single_sentence_is_measured_against_human_rates(factor: float, found: list[str]) -> None:
    said = cut_samples(TEXT)
    samples = said[:: int(factor)] if factor >= 1 else np.repeat(said, int(1 / factor))
    assert [fault for fault in grade(samples, TEXT, HUMAN_RATES) if fault == "rate"] == found


def test_the_rate_is_measured_relative_to_the_requested_speed() -> None:
    quick, letters = cut_samples(TEXT)[::2], estimate_spoken_letters(TEXT)
    assert "rate" in find_faults(measure(quick, RATE_HZ, letters), USUAL)
    assert "rate" not in list(find_faults(measure(quick, RATE_HZ, letters, speed=2.0), USUAL))


def test_score_is_five_without_faults_and_at_least_one() -> None:
    assert compute_score([]) == 5.0
    assert compute_score(["clipping"]) == 4.0
    assert compute_score(["no_sound", "clipping"]) == 1.0
