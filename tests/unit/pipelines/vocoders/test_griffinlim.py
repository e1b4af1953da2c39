from __future__ import annotations

import torch

from pipelines.vocoders.griffinlim import GriffinLimVocoder
from pipelines.vocoders.mel import MelConvention, convert
from pipelines.vocoders.vocoder import FrameContext
from tests.audio_factories import load_jfk

SPEECH = MelConvention(sample_rate_hz=16_000)


def mel_of(sound: torch.Tensor, convention: MelConvention = SPEECH) -> torch.Tensor:
    window = torch.hann_window(convention.window)
    spectrum = torch.stft(sound, convention.fft, convention.hop, window=window, return_complex=True).abs()
    return torch.log((torch.from_numpy(convention.build_filters()) @ spectrum).clamp(min=convention.floor))[..., :-1]


def test_speech_comes_back_with_nearly_the_spectrogram_it_had():
    torch.set_num_threads(1)
    mel = mel_of(torch.from_numpy(load_jfk()[8_000:40_000] / 32_768).float())
    made = GriffinLimVocoder(SPEECH).synthesise(mel[None], [FrameContext(1)])[0]
    assert len(made) == mel.shape[-1] * 256
    assert (mel_of(made) - mel).abs().mean() < 0.2  # of values that span 11


def test_the_base_of_the_logarithm_makes_no_difference():
    mel = mel_of(torch.from_numpy(load_jfk()[8_000:16_000] / 32_768).float())
    other = MelConvention(sample_rate_hz=16_000, log="log10")
    one = GriffinLimVocoder(SPEECH).synthesise(mel[None], [FrameContext(1)])
    two = GriffinLimVocoder(other).synthesise(convert(mel, SPEECH, other)[None], [FrameContext(1)])
    assert torch.nn.functional.cosine_similarity(one, two) > 0.99
