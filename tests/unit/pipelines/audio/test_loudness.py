"""Loudness: measured, brought to a target, never over the peak."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soxr

from pipelines.audio.loudness import CEILING, LoudnessMeter, normalise_loudness

RATE = 22_050


def make_speechlike(seconds: float = 6.0, level: float = 0.1, clicks: int = 0, seed: int = 1) -> np.ndarray:
    """Noise in bursts below 9 kHz, perhaps with clicks far above it: the peaks of a voice, exaggerated."""
    random = np.random.default_rng(seed)
    noise = soxr.resample(random.standard_normal(int(seconds * 18_000)), 18_000, RATE, "VHQ")
    sound = noise * (np.sin(np.arange(len(noise)) * 2 * np.pi * 1.3 / RATE) > -0.3) * level
    sound[random.integers(0, len(sound), clicks)] += random.choice([-0.9, 0.9], clicks)
    return (np.clip(sound, -1, 0.999) * 32_767).astype(np.int16)


def measure(samples: np.ndarray, block: int = 10_000, rate: int = RATE) -> float:
    meter = LoudnessMeter(rate)
    for start in range(0, len(samples), block):
        meter.add(samples[start : start + block])
    return meter.finish()


def level(tmp_path: Path, samples: np.ndarray, target: float) -> np.ndarray:
    path = tmp_path / "spool"
    path.write_bytes(samples.tobytes())
    return np.concatenate([np.zeros(0, np.int16), *normalise_loudness(path, measure(samples), target)])


def true_peak(samples: np.ndarray) -> float:
    return float(np.abs(soxr.resample(samples.astype(np.float64) / 32_767, RATE, 8 * RATE, "VHQ")).max())


def test_a_sine_of_known_loudness_is_measured_right() -> None:
    """EBU R 128: 1 kHz at −20 dBFS in one channel is −23 LUFS; the filter adds nothing at 1 kHz."""
    sine = (32_767 * 10 ** (-20 / 20) * np.sin(np.arange(5 * 48_000) * 2 * np.pi * 1000 / 48_000)).astype(np.int16)
    assert measure(sine, rate=48_000) == pytest.approx(-23.0, abs=0.1)


def test_the_measure_does_not_depend_on_how_the_sound_is_cut() -> None:
    samples = make_speechlike()
    assert measure(samples, 777) == measure(samples, len(samples))


@pytest.mark.parametrize("target", [-30.0, -23.0, -19.0])
def test_the_result_has_the_loudness_that_was_asked_for(tmp_path: Path, target: float) -> None:
    quiet = make_speechlike(level=0.02)
    out = level(tmp_path, quiet, target)
    assert len(out) == len(quiet)
    assert measure(out) == pytest.approx(target, abs=0.6)


@pytest.mark.parametrize("seed", range(5))
def test_no_true_peak_exceeds_the_ceiling_at_any_gain(tmp_path: Path, seed: int) -> None:
    out = level(tmp_path, make_speechlike(clicks=20, seed=seed), -8.0)
    assert true_peak(out) <= CEILING * 1.03  # 0.25 dB: fourfold oversampling sees no more
    assert true_peak(out) > CEILING * 0.9


def test_peaks_between_the_samples_are_limited_too(tmp_path: Path) -> None:
    """A sine at a quarter of the rate, sampled 45° beside its tops: its curve is 3 dB above its samples."""
    sine = (16_000 * np.sin(np.arange(3 * RATE) * np.pi / 2 + np.pi / 4)).astype(np.int16)
    assert true_peak(level(tmp_path, sine, -5.0)[1_000:-1_000]) <= CEILING * 1.01


def test_blocks_join_without_a_step(tmp_path: Path) -> None:
    """A loud tone is limited evenly: its envelope has no jump where one block of 65,536 samples meets the next."""
    tone = (20_000 * np.sin(np.arange(200_000) * 2 * np.pi * 200 / RATE)).astype(np.int16)
    out = level(tmp_path, tone, -5.0).astype(float)
    expected = tone * (out[30_000:60_000].std() / tone[30_000:60_000].std())
    assert np.abs(out - expected)[2_000:-2_000].max() < 400


def test_silence_stays_silence(tmp_path: Path) -> None:
    assert not level(tmp_path, np.zeros(RATE, np.int16), -16.0).any()
    assert len(level(tmp_path, np.zeros(0, np.int16), -16.0)) == 0
