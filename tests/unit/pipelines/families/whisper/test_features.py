from __future__ import annotations

import numpy as np
import pytest

from pipelines.families.whisper.features import FRAMES, _build_filters, compute_log_mel
from tests.audio_factories import make_noise, make_silence
from tests.whisper_huggingface_checkpoint import load_expected, load_sound


def test_spectrogram_agrees_with_the_reference() -> None:
    assert np.abs(compute_log_mel(load_sound(), 80) - load_expected()["log_mel"][0]).max() < 1e-4


@pytest.mark.parametrize("bins", [80, 128])
def test_filters_are_those_that_openai_ships(bins: int) -> None:
    from whisper.audio import mel_filters as theirs

    assert np.abs(_build_filters(bins) - theirs("cpu", bins).numpy()).max() < 1e-6


@pytest.mark.parametrize("samples", [1, 159, 160, 401, 16_000, 479_999, 480_000, 480_100])
def test_every_length_agrees_with_openai(samples: int) -> None:
    from whisper.audio import log_mel_spectrogram, pad_or_trim

    noise = make_noise(samples / 16_000)[:samples]
    theirs = log_mel_spectrogram(pad_or_trim(noise.astype(np.float32) / 32_768)).numpy()
    assert np.abs(compute_log_mel(noise, 80) - theirs).max() < 1e-4


def test_silence_and_nothing_have_a_spectrogram() -> None:
    for samples in (make_silence(1), make_silence(0)):
        mel = compute_log_mel(samples, 80)
        assert mel.shape == (80, FRAMES) and mel.dtype == np.float32 and np.ptp(mel) < 1e-6
