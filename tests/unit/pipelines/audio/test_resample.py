"""pipelines/audio/resample.py: rates, channels, blocks of any size."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.audio.decode import AudioBlock
from pipelines.audio.pcm import to_int16
from pipelines.audio.resample import Int16Resampler, resample_blocks, resample_int16
from pipelines.errors import UnreadableInput
from tests.audio_factories import make_noise, make_sine


def blocks_of(samples: np.ndarray, rate_hz: int, size: int) -> list[AudioBlock]:
    shaped = np.atleast_2d(samples).astype(np.float32) / 32_768
    return [AudioBlock(shaped[:, start : start + size], rate_hz) for start in range(0, shaped.shape[1], size)]


def whole(blocks: list[AudioBlock], *, mix: bool = True) -> np.ndarray:
    return np.concatenate(list(resample_blocks(blocks, 16_000, mix=mix)), axis=1)


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
    resampled = whole(blocks_of(make_sine(2.0, hz=1000, rate_hz=44_100, level=0.5), 44_100, 4096))[0]
    middle = resampled[8_000:24_000]
    assert np.argmax(np.abs(np.fft.rfft(middle))) == 1000
    assert np.abs(middle).max() == pytest.approx(0.5, abs=0.01)


def test_what_lies_above_the_new_rate_is_gone() -> None:
    resampled = whole(blocks_of(make_sine(1.0, hz=12_000, rate_hz=48_000), 48_000, 4096))
    assert np.abs(resampled[0, 1000:-1000]).max() < 1e-3


def test_mixing_takes_the_mean_of_the_channels() -> None:
    samples = np.stack([np.full(1000, 8_192, np.int16), np.full(1000, -4_096, np.int16)])
    assert np.allclose(whole(blocks_of(samples, 16_000, 100)), 2_048 / 32_768)


def test_rate_may_change_within_a_recording() -> None:
    blocks = blocks_of(make_sine(1.0, rate_hz=44_100), 44_100, 5000) + blocks_of(
        make_sine(1.0, rate_hz=48_000), 48_000, 5000
    )
    assert whole(blocks).shape == (1, 32_000)


def test_channels_may_change_when_they_are_mixed_but_not_when_they_are_split() -> None:
    stereo = blocks_of(np.stack([make_sine(0.5)] * 2), 16_000, 1000)
    mono = blocks_of(make_sine(0.5), 16_000, 1000)
    assert whole(stereo + mono).shape == (1, 16_000)
    with pytest.raises(UnreadableInput, match="channels"):
        whole(stereo + mono, mix=False)


def resample_in_blocks(samples: np.ndarray, from_hz: int, to_hz: int, block: int) -> np.ndarray:
    resampler = Int16Resampler(from_hz, to_hz)
    parts = [resampler.push(samples[start : start + block]) for start in range(0, len(samples), block)]
    return np.concatenate([*parts, resampler.finish()])


def make_tone(rate: int, count: int, hz: float = 440.0) -> np.ndarray:
    return (10_000 * np.sin(np.arange(count) * 2 * np.pi * hz / rate)).astype(np.int16)


def test_the_same_rate_changes_nothing() -> None:
    samples = make_tone(22_050, 5_000)
    assert np.array_equal(resample_in_blocks(samples, 22_050, 22_050, 700), samples)


@pytest.mark.parametrize("to_hz", [8_000, 16_000, 24_000, 44_100, 48_000])
def test_a_tone_keeps_its_length_and_its_pitch(to_hz: int) -> None:
    out = resample_in_blocks(make_tone(22_050, 44_100), 22_050, to_hz, 4_096)
    assert len(out) == pytest.approx(2 * to_hz, abs=1)
    strongest = np.abs(np.fft.rfft(out.astype(float))).argmax() * to_hz / len(out)
    assert strongest == pytest.approx(440, abs=1)


def test_the_output_does_not_depend_on_how_the_int16_input_is_divided() -> None:
    samples = make_tone(22_050, 30_000)
    assert np.array_equal(
        resample_in_blocks(samples, 22_050, 48_000, 1_000), resample_in_blocks(samples, 22_050, 48_000, 30_000)
    )


def test_a_whole_signal_is_what_the_stream_gives() -> None:
    samples = make_tone(22_050, 30_000)
    assert np.array_equal(resample_int16(samples, 22_050, 48_000), resample_in_blocks(samples, 22_050, 48_000, 1_000))
