"""pipelines/audio/mixing.py: channels to one channel, also where they cancel each other out."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.audio.mixing import Mixer
from tests.audio_factories import make_noise, make_sine

RATE = 16_000


def mix(samples: NDArray[np.float32], size: int = 4_000) -> NDArray[np.float32]:
    mixer = Mixer(RATE, samples.shape[0])
    out = [mixer.push(samples[:, at : at + size]) for at in range(0, samples.shape[1], size)]
    return np.concatenate([*out, mixer.finish()], axis=1)


def rms(samples: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(np.square(samples))))


LEFT = make_noise(3.2, level=0.1).astype(np.float32) / 32_768
OTHER = make_noise(3.2, level=0.1, seed=1).astype(np.float32) / 32_768


@pytest.mark.parametrize("gain", [-1.0, -0.9, -0.7])
def test_channels_that_cancel_each_other_give_the_louder_one(gain: float) -> None:
    assert np.allclose(mix(np.stack([LEFT, gain * LEFT]))[0, 200:], LEFT[200:])
    assert np.allclose(np.abs(mix(np.stack([gain * LEFT, LEFT]))[0, 200:]), np.abs(LEFT[200:]))


@pytest.mark.parametrize("right", [LEFT, OTHER, np.zeros_like(LEFT), 0.1 * LEFT, -0.1 * LEFT])
def test_other_channels_give_their_mean(right: NDArray[np.float32]) -> None:
    samples = np.stack([LEFT, right])
    assert np.allclose(mix(samples)[0], samples.mean(axis=0), atol=1e-7)


def test_one_voice_in_one_channel_of_six_gives_their_mean() -> None:
    samples = np.zeros((6, len(LEFT)), np.float32)
    samples[2] = LEFT
    assert np.allclose(mix(samples)[0], LEFT / 6, atol=1e-7)


def test_result_does_not_depend_on_the_blocks() -> None:
    samples = np.stack([LEFT, -LEFT])
    samples[:, 20_000:35_000] = OTHER[20_000:35_000]
    assert np.array_equal(mix(samples, 997), mix(samples, len(LEFT)))


def test_length_is_kept_and_silence_stays_silence() -> None:
    assert mix(np.stack([LEFT, -LEFT])).shape == (1, len(LEFT))
    assert not mix(np.zeros((2, 30_000), np.float32)).any()
    assert mix(np.zeros((2, 0), np.float32)).shape == (1, 0)


def test_change_between_mean_and_channel_does_not_click() -> None:
    sine = make_sine(3.0).astype(np.float32) / 32_768
    samples = np.stack([sine, -sine])
    samples[1, 24_000:] = sine[24_000:]
    mixed = mix(samples)[0]
    assert np.abs(np.diff(mixed)).max() < 1.5 * np.abs(np.diff(sine)).max()
    assert rms(mixed[200:]) == pytest.approx(rms(sine), rel=0.01)
