"""pipelines/audio/denoise.py: less noise, every sample in its place, flat memory."""

from __future__ import annotations

import tracemalloc
from itertools import islice

import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.audio import denoise
from pipelines.audio.decode import open_recording
from pipelines.audio.denoise import Denoiser
from pipelines.audio.resample import resample_blocks
from pipelines.errors import UnsupportedOption
from tests.audio_factories import FIXTURES

Sound = NDArray[np.float32]


@pytest.fixture(scope="module")
def speech() -> Sound:
    """Six seconds of a voice without a room around it: the start of the synthetic talk."""
    with open_recording(FIXTURES / "talk" / "talk.opus", max_seconds=1e6) as recording:
        blocks = resample_blocks(recording.blocks(), 16_000, mix=True)
        talk = np.concatenate([samples[0] for samples in islice(blocks, 40)])
    assert talk.size > 8 * 16_000
    return talk[2 * 16_000 : 8 * 16_000]


def make_noise(kind: str, like: Sound, snr_db: float) -> Sound:
    noise = np.random.default_rng(1).normal(size=like.size)
    if kind == "brown":
        spectrum = np.fft.rfft(noise)
        noise = np.fft.irfft(spectrum / np.maximum(np.arange(spectrum.size), 60), like.size)  # flat under 10 Hz
    wanted = np.sqrt(np.mean(like**2) / 10 ** (snr_db / 10))
    return (noise * wanted / np.std(noise)).astype(np.float32)


def cleaned(sound: Sound, block: int = 16_000) -> Sound:
    denoiser = Denoiser()
    pieces = [denoiser.push(sound[start : start + block]) for start in range(0, sound.size, block)]
    return np.concatenate([*pieces, denoiser.finish()])


def si_sdr(estimate: Sound, truth: Sound) -> float:
    """Scale-invariant signal-to-distortion ratio in dB (Le Roux et al. 2019)."""
    target = np.dot(estimate, truth) / np.dot(truth, truth) * truth
    return float(10 * np.log10(np.sum(target**2) / np.sum((estimate - target) ** 2)))


@pytest.mark.parametrize(
    ("kind", "snr_db", "gain_db"), [("white", 0, 6), ("white", 10, 2), ("brown", 0, 6), ("brown", 10, 2)]
)
def test_speech_stands_out_more_than_before(speech: Sound, kind: str, snr_db: float, gain_db: float) -> None:
    noisy = speech + make_noise(kind, speech, snr_db)
    assert si_sdr(cleaned(noisy), speech) - si_sdr(noisy, speech) > gain_db


def test_no_sample_moves_and_none_is_lost(speech: Sound) -> None:
    clean = cleaned(speech)
    assert clean.shape == speech.shape
    lags = range(-400, 401)
    inner = speech[500:-500]
    correlations = [float(np.dot(clean[500 + lag : clean.size - 500 + lag], inner)) for lag in lags]
    assert abs(lags[int(np.argmax(correlations))]) <= 1  # samples of 1/16 ms


def test_the_same_comes_out_however_the_sound_arrives(speech: Sound) -> None:
    once = cleaned(speech, speech.size)
    assert np.allclose(once, cleaned(speech, 777), atol=1e-6)


@pytest.mark.parametrize("length", [0, 1, 479, 16_001])
def test_any_length_comes_back_whole(length: int) -> None:
    assert cleaned(np.full(length, 0.1, np.float32)).shape == (length,)


def test_memory_does_not_grow_with_the_recording(speech: Sound) -> None:
    denoiser = Denoiser()
    denoiser.push(speech[:16_000])
    tracemalloc.start()
    for _ in range(20):
        denoiser.push(speech[:16_000])
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 200_000


def test_without_the_library_it_is_refused_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(denoise, "_RNNOISE", None)
    with pytest.raises(UnsupportedOption, match="no noise reduction") as refused:
        Denoiser()
    assert refused.value.field == "noise_reduction"
