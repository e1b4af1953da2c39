"""Changing the rate of speech that streams."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.audio.file_resample import RateChange


def change(samples: np.ndarray, from_hz: int, to_hz: int, block: int) -> np.ndarray:
    rate = RateChange(from_hz, to_hz)
    parts = [rate.change(samples[start : start + block]) for start in range(0, len(samples), block)]
    return np.concatenate([*parts, rate.finish()])


def make_tone(rate: int, count: int, hz: float = 440.0) -> np.ndarray:
    return (10_000 * np.sin(np.arange(count) * 2 * np.pi * hz / rate)).astype(np.int16)


def test_the_same_rate_changes_nothing() -> None:
    samples = make_tone(22_050, 5_000)
    assert np.array_equal(change(samples, 22_050, 22_050, 700), samples)


@pytest.mark.parametrize("to_hz", [8_000, 16_000, 24_000, 44_100, 48_000])
def test_a_tone_keeps_its_length_and_its_pitch(to_hz: int) -> None:
    out = change(make_tone(22_050, 44_100), 22_050, to_hz, 4_096)
    assert len(out) == pytest.approx(2 * to_hz, abs=1)
    strongest = np.abs(np.fft.rfft(out.astype(float))).argmax() * to_hz / len(out)
    assert strongest == pytest.approx(440, abs=1)


def test_the_output_does_not_depend_on_how_the_input_is_cut() -> None:
    samples = make_tone(22_050, 30_000)
    assert np.array_equal(change(samples, 22_050, 48_000, 1_000), change(samples, 22_050, 48_000, 30_000))
