"""pipelines/audio/resample.py: rates, channels, blocks of any size."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.audio.decode import Block
from pipelines.audio.resample import resampled, to_int16
from pipelines.errors import UnreadableInput
from tests.factories import make_noise, make_sound


def blocks_of(samples: np.ndarray, rate_hz: int, size: int) -> list[Block]:
    shaped = np.atleast_2d(samples).astype(np.float32) / 32_768
    return [Block(shaped[:, start : start + size], rate_hz) for start in range(0, shaped.shape[1], size)]


def whole(blocks: list[Block], *, mix: bool = True) -> np.ndarray:
    return np.concatenate(list(resampled(blocks, 16_000, mix=mix)), axis=1)


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_cutting_into_blocks_changes_nothing(rate_hz: int, channels: int) -> None:
    samples = np.stack([make_noise(1.0, rate_hz=rate_hz, seed=seed) for seed in range(channels)])
    once = whole(blocks_of(samples, rate_hz, rate_hz), mix=False)
    cut = whole(blocks_of(samples, rate_hz, 997), mix=False)
    assert np.array_equal(once, cut)
    assert once.shape == (channels, 16_000)


def test_a_16_bit_recording_at_16_khz_comes_back_unchanged() -> None:
    samples = make_noise(0.5, level=0.3)
    assert np.array_equal(to_int16(whole(blocks_of(samples, 16_000, 1000)))[0], samples)


def test_a_sine_keeps_its_pitch_and_level() -> None:
    heard = whole(blocks_of(make_sound(2.0, hz=1000, rate_hz=44_100, level=0.5), 44_100, 4096))[0]
    middle = heard[8_000:24_000]
    assert np.argmax(np.abs(np.fft.rfft(middle))) == 1000
    assert np.abs(middle).max() == pytest.approx(0.5, abs=0.01)


def test_what_lies_above_the_new_rate_is_gone() -> None:
    heard = whole(blocks_of(make_sound(1.0, hz=12_000, rate_hz=48_000), 48_000, 4096))
    assert np.abs(heard[0, 1000:-1000]).max() < 1e-3


def test_mixing_takes_the_mean_of_the_channels() -> None:
    samples = np.stack([np.full(1000, 8_192, np.int16), np.full(1000, -4_096, np.int16)])
    assert np.allclose(whole(blocks_of(samples, 16_000, 100)), 2_048 / 32_768)


def test_rate_may_change_within_a_recording() -> None:
    blocks = blocks_of(make_sound(1.0, rate_hz=44_100), 44_100, 5000) + blocks_of(
        make_sound(1.0, rate_hz=48_000), 48_000, 5000
    )
    assert whole(blocks).shape == (1, 32_000)


def test_channels_may_change_when_they_are_mixed_but_not_when_they_are_split() -> None:
    stereo = blocks_of(np.stack([make_sound(0.5)] * 2), 16_000, 1000)
    mono = blocks_of(make_sound(0.5), 16_000, 1000)
    assert whole(stereo + mono).shape == (1, 16_000)
    with pytest.raises(UnreadableInput, match="channels"):
        whole(stereo + mono, mix=False)
