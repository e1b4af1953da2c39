"""pipelines/audio/repair.py: what was done to speech is undone as far as it can be, and nothing else is touched."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.audio.defects import faults, measured
from pipelines.audio.repair import MENDABLE, Repair, mended
from tests.material.flite_reader import lines, sound
from tests.material.sounds import RATE_HZ

TEXTS = list(lines())[::9]
LONG = next(text for text in lines() if len(sound(text)) > 3 * RATE_HZ)


def found(samples: NDArray[np.int16]) -> list[str]:
    return list(faults(measured(samples, RATE_HZ, 0), None))


def alike_db(wanted: NDArray[np.float64], given: NDArray[np.int16]) -> float:
    """How far what is wrong lies below what is right, whatever the level (scale-invariant signal to distortion)."""
    sound = given.astype(np.float64)
    left = wanted - np.dot(wanted, sound) / np.dot(sound, sound) * sound
    return float(10 * np.log10(np.dot(wanted, wanted) / np.dot(left, left)))


def shouted(text: str, times: float) -> tuple[NDArray[np.float64], NDArray[np.int16]]:
    """A sentence so many times louder than full scale, and what a 16-bit file leaves of it."""
    loud = sound(text).astype(np.float64)
    loud *= times * 32_767 / np.abs(loud).max()
    return loud, np.clip(np.rint(loud), -32_768, 32_767).astype(np.int16)


@pytest.mark.parametrize(("times", "gain_db"), [(1.3, 5.0), (1.6, 5.0), (2.0, 4.0)])
def test_peaks_that_were_cut_off_are_nearer_to_what_they_were(times: float, gain_db: float) -> None:
    gains = []
    for text in TEXTS:
        loud, cut = shouted(text, times)
        if "clipping" not in found(cut) or measured(cut, RATE_HZ, 0).clipped > 0.04:
            continue
        repair = mended(cut, RATE_HZ, ["clipping"])
        assert found(repair.samples) == []
        assert np.abs(repair.samples.astype(int)).max() <= 29_204
        gains.append(alike_db(loud, repair.samples) - alike_db(loud, cut))
    assert len(gains) >= 5
    assert np.mean(gains) > gain_db
    assert min(gains) > 0.0


def test_what_was_cut_off_for_the_most_part_is_left_alone() -> None:
    _, cut = shouted(LONG, 20.0)
    assert np.array_equal(mended(cut, RATE_HZ, ["clipping"]).samples, cut)


@pytest.mark.parametrize(
    "drift", [lambda t: 4_000 + 0 * t, lambda t: 3_000 * np.sin(2 * np.pi * 7 * t), lambda t: 6_000 - 2_000 * t]
)
def test_rumble_goes_and_the_voice_stays(drift) -> None:
    wanted = sound(LONG).astype(np.float64)
    rumbling = np.rint(wanted + drift(np.arange(len(wanted)) / RATE_HZ)).astype(np.int16)
    assert "rumble" in found(rumbling)
    repair = mended(rumbling, RATE_HZ, ["rumble"])
    assert found(repair.samples) == []
    assert len(repair.samples) == len(rumbling)
    assert alike_db(wanted, rumbling) < 10.0
    assert alike_db(wanted, repair.samples) > 20.0


def test_a_hole_becomes_a_pause_and_everything_behind_it_moves() -> None:
    voice = sound(LONG)
    hole = np.concatenate([voice[:16_000], np.zeros(40_000, np.int16), voice[16_000:]])
    repair = mended(hole, RATE_HZ, ["silence"])
    assert found(repair.samples) == []
    assert len(voice) < len(repair.samples) <= len(voice) + 0.6 * RATE_HZ
    behind = 60_000
    assert np.array_equal(repair.samples[repair.place(behind) :], hole[behind:])
    assert np.array_equal(repair.samples[:15_000], hole[:15_000])
    assert [repair.place(at) for at in (0, 15_000, len(hole))] == [0, 15_000, len(repair.samples)]


def test_silence_before_a_sentence_is_cut_to_a_breath() -> None:
    voice = sound(LONG)
    late = np.concatenate([np.zeros(30_000, np.int16), voice])
    repair = mended(late, RATE_HZ, ["silence"])
    assert found(repair.samples) == []
    assert repair.place(30_000) <= 0.15 * RATE_HZ
    assert np.array_equal(repair.samples[repair.place(30_000) :], voice)


def test_a_place_that_was_cut_is_where_the_cut_is() -> None:
    repair = Repair(np.zeros(30, np.int16), [(10, 20), (50, 70)])
    assert [repair.place(at) for at in (0, 10, 15, 20, 40, 50, 69, 70)] == [0, 0, 5, 10, 10, 10, 29, 30]


@pytest.mark.parametrize("length", [0, 1, 2, 300, 16_000])
def test_any_length_is_mended_without_an_error(length: int) -> None:
    for samples in (np.zeros(length, np.int16), np.full(length, 32_767, np.int16)):
        repair = mended(samples, RATE_HZ, MENDABLE)
        assert len(repair.samples) == length


def test_what_has_none_of_these_faults_is_the_same_afterwards() -> None:
    assert np.array_equal(mended(sound(LONG), RATE_HZ, ["rate", "repetition"]).samples, sound(LONG))
    clean = sound(LONG)
    assert np.array_equal(mended(clean, RATE_HZ, ["silence"]).samples, clean)
