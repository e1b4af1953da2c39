from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from pipelines.errors import ModelUnavailable, UnsupportedOption
from pipelines.vocoders.mel import MelConvention
from pipelines.vocoders.selection import VocoderSelection
from tests.checkpoints import FIXTURES, make_entry

CPU = torch.device("cpu")
TACOTRON = MelConvention()
#: Of the small WaveGlow.
SMALL = MelConvention(bins=6)


def tick() -> None:
    """Never interrupts."""


def entry(**components: str):
    sources = {name.replace("_", "."): str(FIXTURES / kind) for name, kind in components.items()}
    return make_entry(components=sources, options=frozenset({"vocoder"}))


def test_without_weights_it_is_griffin_lim():
    assert VocoderSelection(entry(), CPU, TACOTRON).get(None).kind == "griffin-lim"
    assert entry().vocoders == ("griffin-lim",)


def test_default_is_the_entrys_own_and_others_are_chosen_by_name():
    named = entry(vocoder="hifigan")
    vocoders = VocoderSelection(named, CPU, TACOTRON)
    assert vocoders.get(None).kind == "hifigan"
    assert vocoders.get("hifigan") is vocoders.get(None)
    assert vocoders.get("griffin-lim").kind == "griffin-lim"


def test_the_first_that_is_named_by_its_kind_is_the_default_and_is_opened_once():
    named = entry(vocoder_hifigan="hifigan", vocoder_waveglow="waveglow")
    assert named.vocoders == ("hifigan", "waveglow", "griffin-lim")
    vocoders = VocoderSelection(named, CPU, TACOTRON)
    assert vocoders.get(None).kind == "hifigan"
    assert vocoders.get("hifigan") is vocoders.get(None)
    vocoders = VocoderSelection(entry(vocoder_waveglow="waveglow"), CPU, SMALL)
    assert vocoders.get(None).kind == "waveglow"


def test_what_the_entry_sets_is_set_on_its_vocoders():
    torch.set_num_threads(1)
    mel = torch.randn(6, 12, generator=torch.Generator().manual_seed(5))

    def sound(choice: str, **settings: float) -> np.ndarray:
        made = replace(entry(vocoder_waveglow="waveglow"), vocoder_settings=settings)
        return VocoderSelection(made, CPU, SMALL).synthesise([choice], [mel], [1], tick)[0]

    assert np.array_equal(sound("waveglow"), sound("waveglow", sigma=0.6, denoiser=0.01))
    assert not np.array_equal(sound("waveglow"), sound("waveglow", sigma=0.9))
    assert not np.array_equal(sound("waveglow"), sound("waveglow", denoiser=0.5))
    assert not np.array_equal(sound("griffin-lim"), sound("griffin-lim", iterations=3))
    named = replace(entry(vocoder_hifigan="hifigan"), vocoder_settings={"precision": "float32"})
    assert VocoderSelection(named, CPU, TACOTRON).get(None).engine == "torch/float32"


def test_a_vocoder_that_reads_other_mels_is_refused_and_so_is_one_that_is_not_there():
    vocoders = VocoderSelection(entry(vocoder="hifigan", vocoder_melgan="melgan"), CPU, TACOTRON)
    with pytest.raises(UnsupportedOption, match="fmax_hz") as refused:
        vocoders.get("melgan")
    assert refused.value.field == "vocoder"
    with pytest.raises(UnsupportedOption, match=r"has no vocoder 'waveglow'; it has: .*melgan"):
        vocoders.get("waveglow")


def test_a_default_that_reads_other_mels_is_refused_when_the_entry_is_loaded():
    with pytest.raises(UnsupportedOption, match="22050 Hz"):
        VocoderSelection(entry(vocoder="hifigan"), CPU, MelConvention(sample_rate_hz=16_000))


def test_a_source_of_another_kind_than_its_name_is_refused():
    with pytest.raises(ModelUnavailable, match="holds a hifigan"):
        VocoderSelection(entry(vocoder_melgan="hifigan"), CPU, TACOTRON).get("melgan")


def test_mels_in_another_base_are_converted_on_the_way():
    torch.set_num_threads(1)
    mel = torch.randn(80, 12, generator=torch.Generator().manual_seed(5))
    ln = VocoderSelection(entry(vocoder="hifigan"), CPU, TACOTRON).synthesise([None], [mel], [0], tick)[0]
    log10 = VocoderSelection(entry(vocoder="hifigan"), CPU, MelConvention(log="log10"))
    assert np.abs(ln.astype(int) - log10.synthesise([None], [mel / np.log(10)], [0], tick)[0]).max() < 700  # bfloat16
    assert ln.dtype == np.int16 and len(ln) == 12 * 256
