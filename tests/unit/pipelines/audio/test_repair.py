"""pipelines/audio/repair.py: what was done to speech is undone as far as it can be, and nothing else is touched."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.audio.faults import find_faults, measure
from pipelines.audio.repair import REPAIRABLE, RepairedAudio, repair_faults
from tests.material.recorded_voice import cut_samples, load_sentences
from tests.material.sounds import RATE_HZ

TEXTS = list(load_sentences())[::9]
LONG = next(text for text in load_sentences() if len(cut_samples(text)) > 3 * RATE_HZ)


def found(samples: NDArray[np.int16]) -> list[str]:
    return list(find_faults(measure(samples, RATE_HZ, 0), None))


def alike_db(wanted: NDArray[np.float64], given: NDArray[np.int16]) -> float:
    """Scale-invariant signal-to-distortion ratio, in decibels."""
    repaired = given.astype(np.float64)
    left = wanted - np.dot(wanted, repaired) / np.dot(repaired, repaired) * repaired
    return float(10 * np.log10(np.dot(wanted, wanted) / np.dot(left, left)))


def shouted(text: str, times: float) -> tuple[NDArray[np.float64], NDArray[np.int16]]:
    """A sentence so many times louder than full scale, and what a 16-bit file leaves of it."""
    loud = cut_samples(text).astype(np.float64)
    loud *= times * 32_767 / np.abs(loud).max()
    return loud, np.clip(np.rint(loud), -32_768, 32_767).astype(np.int16)


@pytest.mark.parametrize(("times", "gain_db"), [(1.3, 5.0), (1.6, 5.0), (2.0, 4.0)])
def test_clipped_peaks_are_nearer_to_the_original(times: float, gain_db: float) -> None:
    gains = []
    for text in TEXTS:
        loud, cut = shouted(text, times)
        if "clipping" not in found(cut) or measure(cut, RATE_HZ, 0).clipped_share > 0.04:
            continue
        repair = repair_faults(cut, RATE_HZ, ["clipping"])
        assert found(repair.samples) == []
        assert np.abs(repair.samples.astype(int)).max() <= 29_204
        gains.append(alike_db(loud, repair.samples) - alike_db(loud, cut))
    assert len(gains) >= 5
    assert np.mean(gains) > gain_db
    assert min(gains) > 0.0


def test_heavily_clipped_samples_are_left_alone() -> None:
    _, cut = shouted(LONG, 20.0)
    assert np.array_equal(repair_faults(cut, RATE_HZ, ["clipping"]).samples, cut)


@pytest.mark.parametrize(
    "drift", [lambda t: 4_000 + 0 * t, lambda t: 3_000 * np.sin(2 * np.pi * 7 * t), lambda t: 6_000 - 2_000 * t]
)
def test_rumble_goes_and_the_voice_stays(drift) -> None:
    wanted = cut_samples(LONG).astype(np.float64)
    rumbling = np.rint(wanted + drift(np.arange(len(wanted)) / RATE_HZ)).astype(np.int16)
    assert "rumble" in found(rumbling)
    repair = repair_faults(rumbling, RATE_HZ, ["rumble"])
    assert found(repair.samples) == []
    assert len(repair.samples) == len(rumbling)
    assert alike_db(wanted, rumbling) < 10.0
    assert alike_db(wanted, repair.samples) > 20.0


def test_long_silence_becomes_a_pause_and_everything_behind_it_moves() -> None:
    voice = cut_samples(LONG)
    hole = np.concatenate([voice[:16_000], np.zeros(40_000, np.int16), voice[16_000:]])
    repair = repair_faults(hole, RATE_HZ, ["silence"])
    assert found(repair.samples) == []
    assert len(voice) < len(repair.samples) <= len(voice) + 0.6 * RATE_HZ
    behind = 60_000
    assert np.array_equal(repair.samples[repair.map_position(behind) :], hole[behind:])
    assert np.array_equal(repair.samples[:15_000], hole[:15_000])
    assert [repair.map_position(at) for at in (0, 15_000, len(hole))] == [0, 15_000, len(repair.samples)]


def test_silence_before_a_sentence_is_shortened() -> None:
    voice = cut_samples(LONG)
    late = np.concatenate([np.zeros(30_000, np.int16), voice])
    repair = repair_faults(late, RATE_HZ, ["silence"])
    assert found(repair.samples) == []
    assert repair.map_position(30_000) <= 0.15 * RATE_HZ
    assert np.array_equal(repair.samples[repair.map_position(30_000) :], voice)


def test_a_removed_position_maps_to_the_cut() -> None:
    repair = RepairedAudio(np.zeros(30, np.int16), [(10, 20), (50, 70)])
    assert [repair.map_position(at) for at in (0, 10, 15, 20, 40, 50, 69, 70)] == [0, 0, 5, 10, 10, 10, 29, 30]


@pytest.mark.parametrize("length", [0, 1, 2, 300, 16_000])
def test_any_length_is_repaired_without_an_error(length: int) -> None:
    for samples in (np.zeros(length, np.int16), np.full(length, 32_767, np.int16)):
        repair = repair_faults(samples, RATE_HZ, REPAIRABLE)
        assert len(repair.samples) == length


def test_samples_without_these_faults_are_unchanged() -> None:
    assert np.array_equal(repair_faults(cut_samples(LONG), RATE_HZ, ["rate", "repetition"]).samples, cut_samples(LONG))
    clean = cut_samples(LONG)
    assert np.array_equal(repair_faults(clean, RATE_HZ, ["silence"]).samples, clean)
