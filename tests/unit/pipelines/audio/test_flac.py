"""FLAC files in memory."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.audio.flac import decode_flac, encode_flac


def _noise(count: int) -> NDArray[np.int16]:
    return np.random.default_rng(count).integers(-32_768, 32_768, count).astype(np.int16)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 24_000, 44_100, 48_000, 11_127])
@pytest.mark.parametrize("count", [1, 15, 4_096, 4_608, 65_535, 65_536, 65_537, 200_000])
def test_every_sample_comes_back(count: int, rate_hz: int) -> None:
    for samples in (_noise(count), np.zeros(count, np.int16), np.full(count, -32_768, np.int16)):
        assert np.array_equal(decode_flac(encode_flac(samples, rate_hz), count), samples)


def test_samples_need_not_be_contiguous() -> None:
    samples = _noise(10_000)[::2]
    assert np.array_equal(decode_flac(encode_flac(samples, 22_050), 5_000), samples)


def test_a_tone_takes_less_than_half_the_bytes() -> None:
    tone = (8_000 * np.sin(np.arange(100_000) * 0.05)).astype(np.int16)
    assert len(encode_flac(tone, 22_050)) < tone.nbytes / 2


@pytest.mark.parametrize("count", [99, 101])
def test_another_number_of_samples_is_an_error(count: int) -> None:
    with pytest.raises(ValueError, match="FLAC"):
        decode_flac(encode_flac(_noise(100), 22_050), count)


@pytest.mark.parametrize("damage", [slice(0, 30), slice(0, -5), slice(0, 0)])
def test_a_damaged_file_is_an_error(damage: slice) -> None:
    with pytest.raises(ValueError, match="FLAC"):
        decode_flac(encode_flac(_noise(10_000), 22_050)[damage], 10_000)


def test_a_flipped_bit_is_an_error_or_leaves_the_samples() -> None:
    samples = _noise(5_000)
    data = encode_flac(samples, 22_050)
    for at in range(50, len(data), 97):
        damaged = bytearray(data)
        damaged[at] ^= 4
        try:
            assert np.array_equal(decode_flac(bytes(damaged), 5_000), samples)
        except ValueError:
            continue
