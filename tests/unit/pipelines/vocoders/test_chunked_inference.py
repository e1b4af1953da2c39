from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from pipelines.catalog.vocoder_settings import VocoderSettings
from pipelines.pipeline import StepInterrupted
from pipelines.vocoders import hifigan, melgan, waveglow
from pipelines.vocoders.chunked_inference import split_frames, synthesise_batch
from pipelines.vocoders.griffinlim import GriffinLimVocoder
from pipelines.vocoders.mel import MelConvention
from pipelines.vocoders.vocoder import FrameContext
from tests.checkpoints import FIXTURES


def tick() -> None:
    """Never interrupts."""


def hifigan_vocoder():
    dimensions = hifigan.HifiGanDimensions.from_config(json.loads((FIXTURES / "hifigan" / "config.json").read_text()))
    generator = hifigan.HifiGanGenerator(dimensions)
    return hifigan.HifiGanVocoder(generator, MelConvention(), settings=VocoderSettings(precision="float32"))


def waveglow_vocoder():
    model = waveglow.WaveGlow(waveglow.WaveGlowDimensions(80, 4, 8, 2, 2, 4, 8))
    for mixing in model.convinv:
        torch.nn.init.orthogonal_(mixing.conv.weight)  # as it is before training; others make a din
    return waveglow.WaveGlowVocoder(model, settings=VocoderSettings(denoiser=0.1))


VOCODERS = {
    "hifigan": hifigan_vocoder,
    "melgan": lambda: melgan.MelGanVocoder(melgan.MelGanGenerator(80, 4, 3)),
    "waveglow": waveglow_vocoder,
    "griffin-lim": lambda: GriffinLimVocoder(MelConvention(), settings=VocoderSettings(iterations=6)),
}


@pytest.fixture(scope="module", params=VOCODERS)
def vocoder(request):
    torch.set_num_threads(1)
    torch.manual_seed(7)
    made = VOCODERS[request.param]()
    made.chunk_frames = 2 * made.receptive_field + 24
    return made


def mels(*lengths: int) -> list[torch.Tensor]:
    random = torch.Generator().manual_seed(3)
    return [torch.randn(80, length, generator=random) - 4 for length in lengths]


def test_chunks_keep_every_frame_once_and_carry_their_receptive_field():
    for frames in (1, 9, 30, 31, 44, 45, 46, 200):
        at = 0
        for chunk in split_frames(frames, 30, 8):
            assert chunk.keep == at and 0 <= chunk.first <= chunk.keep < chunk.keep_end <= chunk.end <= frames
            assert chunk.end - chunk.first == min(30, frames)
            assert chunk.keep - chunk.first >= 8 or chunk.first == 0
            assert chunk.end - chunk.keep_end >= 8 or chunk.end == frames
            at = chunk.keep_end
        assert at == frames


def test_a_chunk_that_is_all_overlap_is_refused():
    with pytest.raises(ValueError, match="nothing left"):
        list(split_frames(100, 16, 8))


def test_joined_chunks_are_the_whole(vocoder):
    (mel,) = mels(3 * 24 + 2 * vocoder.receptive_field + 5)
    whole = vocoder.synthesise(mel[None], [FrameContext(11)])[0].numpy()
    chunks = list(split_frames(mel.shape[-1], vocoder.chunk_frames, vocoder.receptive_field))
    assert len(chunks) > 3 and np.abs(whole).max() > 1e-3
    assert np.abs(synthesise_batch(vocoder, [mel], [FrameContext(11)], tick)[0] - whole).max() < 1e-4


def test_a_sound_is_the_same_alone_and_beside_others(vocoder):
    several, places = mels(5, 2 * vocoder.receptive_field + 60, 40, 5), [FrameContext(seed) for seed in (1, 2, 3, 4)]
    together = synthesise_batch(vocoder, several, places, tick)
    for mel, place, sound in zip(several, places, together, strict=True):
        assert len(sound) == mel.shape[-1] * 256
        assert np.abs(synthesise_batch(vocoder, [mel], [place], tick)[0] - sound).max() < 1e-4


def test_no_frames_are_no_sound(vocoder):
    assert [len(sound) for sound in synthesise_batch(vocoder, [torch.zeros(80, 0)], [FrameContext()], tick)] == [0]


def test_synthesis_stops_when_the_tick_raises(vocoder):
    def stop() -> None:
        raise StepInterrupted

    with pytest.raises(StepInterrupted):
        synthesise_batch(vocoder, mels(10), [FrameContext()], stop)
