from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers.audio_utils import mel_filter_bank

from pipelines.vocoders.griffinlim import GriffinLim, mel_filters
from pipelines.vocoders.mel import MelConvention, convert
from pipelines.vocoders.vocoder import Place
from tests.factories import jfk

SPEECH = MelConvention(sample_rate_hz=16_000)


def mel_of(sound: torch.Tensor, convention: MelConvention = SPEECH) -> torch.Tensor:
    window = torch.hann_window(convention.window)
    spectrum = torch.stft(sound, convention.fft, convention.hop, window=window, return_complex=True).abs()
    return torch.log((torch.from_numpy(mel_filters(convention)) @ spectrum).clamp(min=convention.floor))[..., :-1]


@pytest.mark.parametrize(("filters", "norm"), [("slaney", "slaney"), ("htk", None)])
def test_filters_are_those_of_the_usual_libraries(filters, norm):
    wanted = mel_filter_bank(513, 80, 0.0, 8000.0, 16_000, norm=norm, mel_scale=filters).T
    assert np.abs(mel_filters(MelConvention(sample_rate_hz=16_000, filters=filters)) - wanted).max() < 1e-6


def test_speech_comes_back_with_nearly_the_spectrogram_it_had():
    torch.set_num_threads(1)
    mel = mel_of(torch.from_numpy(jfk()[8_000:40_000] / 32_768).float())
    made = GriffinLim(SPEECH).samples(mel[None], [Place(1)])[0]
    assert len(made) == mel.shape[-1] * 256
    assert (mel_of(made) - mel).abs().mean() < 0.2  # of values that span 11


def test_the_base_of_the_logarithm_makes_no_difference():
    mel = mel_of(torch.from_numpy(jfk()[8_000:16_000] / 32_768).float())
    other = MelConvention(sample_rate_hz=16_000, log="log10")
    one = GriffinLim(SPEECH).samples(mel[None], [Place(1)])
    two = GriffinLim(other).samples(convert(mel, SPEECH, other)[None], [Place(1)])
    assert torch.nn.functional.cosine_similarity(one, two) > 0.99
