from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from transformers import (
    FastSpeech2ConformerHifiGan,
    FastSpeech2ConformerHifiGanConfig,
    SpeechT5HifiGan,
    SpeechT5HifiGanConfig,
)

from pipelines.catalog.vocoder_settings import VocoderSettings
from pipelines.errors import ModelUnavailable
from pipelines.vocoders.hifigan import (
    ESPNET_MEL,
    MAX_DIFFERENCE,
    SPEECHT5_MEL,
    HifiGanDimensions,
    HifiGanGenerator,
    HifiGanVocoder,
)
from pipelines.vocoders.mel import MelConvention
from pipelines.vocoders.registry import load_vocoder
from pipelines.vocoders.vocoder import FrameContext
from tests.checkpoints import FIXTURES, get_shapes, load_arrays, make_entry, read_folded_shapes

CONFIG = json.loads((FIXTURES / "hifigan" / "config.json").read_text())
CPU = torch.device("cpu")


def load(source, precision: str = "float32") -> HifiGanVocoder:
    torch.set_num_threads(1)
    return load_vocoder(make_entry(), str(source), CPU, VocoderSettings(precision=precision))


@pytest.mark.parametrize("batch", ["", "_batch"])
def test_sound_of_a_checkpoint_is_that_of_the_original(batch):
    mels = torch.from_numpy(load_arrays("hifigan", "inputs")[f"mel{batch}"])
    made = load(FIXTURES / "hifigan").synthesise(mels, [FrameContext()] * len(mels))
    assert np.abs(made.numpy() - load_arrays("hifigan", "expected")[f"audio{batch}"][:, 0]).max() < 1e-5


def test_convention_is_that_of_the_config():
    assert load(FIXTURES / "hifigan").convention == MelConvention(fmax_hz=8000.0)


def test_names_and_shapes_of_the_published_size_fit():
    with torch.device("meta"):
        generator = HifiGanGenerator(HifiGanDimensions.from_config({**CONFIG, "upsample_initial_channel": 512}))
    assert get_shapes(generator) == read_folded_shapes("hifigan")


@pytest.mark.parametrize(
    ("made", "convention"),
    [
        (SpeechT5HifiGan(SpeechT5HifiGanConfig(upsample_initial_channel=32, model_in_dim=8)), SPEECHT5_MEL),
        (
            FastSpeech2ConformerHifiGan(FastSpeech2ConformerHifiGanConfig(upsample_initial_channel=32, model_in_dim=8)),
            ESPNET_MEL,
        ),
    ],
    ids=["speecht5", "fastspeech2"],
)
@pytest.mark.parametrize("normed", [False, True], ids=["folded", "with weight norm"])
def test_checkpoints_of_transformers_sound_as_there(tmp_path, made, convention, normed):
    random = torch.Generator().manual_seed(2)
    with torch.no_grad():
        made.mean.normal_(generator=random)
        made.scale.uniform_(0.5, 2.0, generator=random)
    if normed:
        made.apply_weight_norm()
    made.save_pretrained(tmp_path)
    mel = torch.randn(2, 9, 8, generator=random)
    vocoder = load(tmp_path)
    with torch.inference_mode():
        wanted = made.eval()(mel)
    if normed:
        for layer in made.modules():
            if hasattr(layer, "parametrizations"):
                torch.nn.utils.parametrize.remove_parametrizations(layer, "weight")
    assert torch.allclose(vocoder.synthesise(mel.transpose(1, 2), [FrameContext()] * 2), wanted, atol=1e-5)
    assert vocoder.convention == convention


def test_single_blocks_of_the_small_model_have_two_convolutions():
    dimensions = HifiGanDimensions.from_config({**CONFIG, "resblock": "2", "upsample_initial_channel": 16})
    names = set(HifiGanGenerator(dimensions).state_dict())
    assert (
        "resblocks.0.convs.1.weight" in names
        and "resblocks.0.convs.2.weight" not in names
        and not any("convs1" in name for name in names)
    )


@pytest.mark.parametrize("block", ["1", "2"])
def test_receptive_field_is_exact(block):
    """A change of one frame changes samples up to `reach` frames away and not a frame further."""
    dimensions = HifiGanDimensions.from_config({**CONFIG, "upsample_initial_channel": 16, "resblock": block})
    affected = affected_frames(HifiGanGenerator(dimensions), frame=40)
    assert (affected.min(), affected.max()) == (-dimensions.receptive_field, dimensions.receptive_field)


def affected_frames(generator, *, frame: int) -> torch.Tensor:
    """Frames, from this one, that a change of it reaches: all weights are positive, so that nothing cancels."""
    for parameter in generator.double().requires_grad_(False).parameters():
        parameter.fill_(0.5 / parameter[0].numel() if parameter.dim() > 1 else 0.0)
    mel = torch.zeros(1, 80, 2 * frame + 1, dtype=torch.float64)
    mel[..., frame] = 1000.0
    return torch.nonzero(generator(mel)[0].unflatten(-1, (-1, 256)).any(dim=-1)).flatten() - frame


def test_bfloat16_is_close_to_float32():
    mels = torch.from_numpy(load_arrays("hifigan", "inputs")["mel"])
    exact = load(FIXTURES / "hifigan").synthesise(mels, [FrameContext()])
    quick = load(FIXTURES / "hifigan", "bfloat16")
    assert quick.engine == "torch/bfloat16"
    error = quick.synthesise(mels, [FrameContext()]) - exact
    assert 20 * torch.log10(exact.norm() / error.norm()) > 25


def test_precision_is_the_fastest_that_is_close_to_float32(monkeypatch):
    monkeypatch.setattr("pipelines.vocoders.hifigan.has_fast_bfloat16", lambda device: True)
    chosen, exact = (
        load_vocoder(make_entry(), str(FIXTURES / "hifigan"), CPU, VocoderSettings()),
        load(FIXTURES / "hifigan"),
    )
    mels = torch.from_numpy(load_arrays("hifigan", "inputs")["mel"])
    sound = exact.synthesise(mels, [FrameContext()])
    assert (chosen.synthesise(mels, [FrameContext()]) - sound).norm() / sound.norm() <= MAX_DIFFERENCE
    # A processor whose bfloat16 is wrong.
    monkeypatch.setattr("pipelines.vocoders.hifigan._measure_difference", lambda quick, exact: 1.06)
    assert load_vocoder(make_entry(), str(FIXTURES / "hifigan"), CPU, VocoderSettings()).engine == "torch/float32"
    monkeypatch.setattr("pipelines.vocoders.hifigan._measure_difference", lambda quick, exact: float("nan"))
    assert load_vocoder(make_entry(), str(FIXTURES / "hifigan"), CPU, VocoderSettings()).engine == "torch/float32"
    monkeypatch.setattr("pipelines.vocoders.hifigan.has_fast_bfloat16", lambda device: False)
    assert load_vocoder(make_entry(), str(FIXTURES / "hifigan"), CPU, VocoderSettings()).engine == "torch/float32"


def test_checkpoint_of_other_sizes_than_its_config_is_refused_by_name(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({**CONFIG, "num_mels": 40}))
    (tmp_path / "generator_v1").write_bytes((FIXTURES / "hifigan" / "checkpoint.pt").read_bytes())
    with pytest.raises(ModelUnavailable, match=r"conv_pre\.weight \[64, 80, 7\] instead of \[64, 40, 7\]"):
        load(tmp_path)


def test_config_without_a_field_is_refused_by_name(tmp_path):
    short = {name: value for name, value in CONFIG.items() if name != "upsample_rates"}
    (tmp_path / "config.json").write_text(json.dumps(short))
    (tmp_path / "g_02500000").write_bytes((FIXTURES / "hifigan" / "checkpoint.pt").read_bytes())
    with pytest.raises(ModelUnavailable, match="upsample_rates"):
        load(tmp_path)
