from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from pipelines.catalog.vocoder_settings import Knobs
from pipelines.pipeline import Interrupted
from pipelines.vocoders import hifigan, melgan, waveglow
from pipelines.vocoders.chunked_inference import render, stream, tiles
from pipelines.vocoders.griffinlim import GriffinLim
from pipelines.vocoders.mel import MelConvention
from pipelines.vocoders.vocoder import Place
from tests.checkpoints import FIXTURES


def tick() -> None:
    """Somebody waits for the answer."""


def hifigan_vocoder():
    shape = hifigan.Shape.of(json.loads((FIXTURES / "hifigan" / "config.json").read_text()))
    generator = hifigan.Generator(shape)
    return hifigan.HifiGan(generator, MelConvention(), knobs=Knobs(precision="float32"))


def waveglow_vocoder():
    model = waveglow.WaveGlow(waveglow.Shape(80, 4, 8, 2, 2, 4, 8))
    for mixing in model.convinv:
        torch.nn.init.orthogonal_(mixing.conv.weight)  # as it is before training; others make a din
    return waveglow.WaveGlowVocoder(model, knobs=Knobs(denoiser=0.1))


VOCODERS = {
    "hifigan": hifigan_vocoder,
    "melgan": lambda: melgan.MelGan(melgan.Generator(80, 4, 3)),
    "waveglow": waveglow_vocoder,
    "griffin-lim": lambda: GriffinLim(MelConvention(), knobs=Knobs(iterations=6)),
}


@pytest.fixture(scope="module", params=VOCODERS)
def vocoder(request):
    torch.set_num_threads(1)
    torch.manual_seed(7)
    made = VOCODERS[request.param]()
    made.tile = 2 * made.reach + 24
    return made


def mels(*lengths: int) -> list[torch.Tensor]:
    random = torch.Generator().manual_seed(3)
    return [torch.randn(80, length, generator=random) - 4 for length in lengths]


def test_tiles_keep_every_frame_once_and_carry_their_reach():
    for frames in (1, 9, 30, 31, 44, 45, 46, 200):
        at = 0
        for tile in tiles(frames, 30, 8):
            assert tile.keep == at and 0 <= tile.first <= tile.keep < tile.keep_end <= tile.end <= frames
            assert tile.end - tile.first == min(30, frames)
            assert tile.keep - tile.first >= 8 or tile.first == 0
            assert tile.end - tile.keep_end >= 8 or tile.end == frames
            at = tile.keep_end
        assert at == frames


def test_a_tile_that_is_all_overlap_is_refused():
    with pytest.raises(ValueError, match="nothing left"):
        list(tiles(100, 16, 8))


def test_joined_tiles_are_the_whole(vocoder):
    (mel,) = mels(3 * 24 + 2 * vocoder.reach + 5)
    whole = vocoder.samples(mel[None], [Place(11)])[0].numpy()
    pieces = list(stream(vocoder, mel, Place(11)))
    assert len(pieces) > 3 and np.abs(whole).max() > 1e-3
    assert np.abs(np.concatenate(pieces) - whole).max() < 1e-4
    assert np.abs(render(vocoder, [mel], [Place(11)], tick)[0] - whole).max() < 1e-4


def test_a_sound_is_the_same_alone_and_beside_others(vocoder):
    several, places = mels(5, 2 * vocoder.reach + 60, 40, 5), [Place(seed) for seed in (1, 2, 3, 4)]
    together = render(vocoder, several, places, tick)
    for mel, place, sound in zip(several, places, together, strict=True):
        assert len(sound) == mel.shape[-1] * 256
        assert np.abs(render(vocoder, [mel], [place], tick)[0] - sound).max() < 1e-4


def test_no_frames_are_no_sound(vocoder):
    assert [len(sound) for sound in render(vocoder, [torch.zeros(80, 0)], [Place()], tick)] == [0]


def test_rendering_stops_when_nobody_waits(vocoder):
    def stop() -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        render(vocoder, mels(10), [Place()], stop)
