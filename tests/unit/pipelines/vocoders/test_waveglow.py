from __future__ import annotations

import numpy as np
import pytest
import torch

from pipelines.catalog.vocoder_settings import VocoderSettings
from pipelines.errors import ModelUnavailable
from pipelines.vocoders.module_pickle import read_module_tensors
from pipelines.vocoders.registry import load_vocoder
from pipelines.vocoders.vocoder import FrameContext
from pipelines.vocoders.waveglow import WAVEGLOW_MEL, WaveGlow, WaveGlowDimensions, WaveGlowVocoder, build_model
from pipelines.vocoders.weight_norm import fold_weight_norm
from tests.checkpoints import FIXTURES, get_shapes, load_arrays, make_entry, read_folded_shapes

CHECKPOINT = FIXTURES / "waveglow" / "checkpoint_pickled_module.pt"
LAYERS = 4


@pytest.fixture(scope="module")
def tensors():
    torch.set_num_threads(1)
    return read_module_tensors(make_entry(), CHECKPOINT)


@pytest.fixture(scope="module")
def model(tensors) -> WaveGlow:
    return build_model(make_entry(), tensors).requires_grad_(False)


def as_deep_learning_examples(tensors):
    """One conditioning layer per WaveNet layer, and the prefix of parallel training."""
    parts = {}
    for name, tensor in tensors.items():
        if ".cond_layer." not in name:
            parts[f"module.{name}"] = tensor
            continue
        for number, rows in enumerate(tensor.chunk(LAYERS)):
            parts["module." + name.replace(".cond_layer.", f".cond_layers.{number}.")] = rows
    return parts


@pytest.mark.parametrize("batch", ["", "_batch"])
@pytest.mark.parametrize("sigma", ["0", "0.6", "1.0"])
def test_sound_of_given_noise_is_that_of_the_original(model, sigma, batch):
    given, wanted = load_arrays("waveglow", "inputs"), load_arrays("waveglow", "expected")
    made = model(torch.from_numpy(given[f"mel{batch}"]), torch.from_numpy(given[f"z{batch}"]) * float(sigma))
    assert np.abs(made.numpy() - wanted[f"audio_sigma{sigma}{batch}"]).max() < 1e-4


@pytest.mark.parametrize("layout", [fold_weight_norm, as_deep_learning_examples], ids=["no weight norm", "examples"])
def test_every_published_layout_gives_the_same_model(tmp_path, tensors, model, layout):
    torch.save({"state_dict": layout(tensors), "epoch": 1}, tmp_path / "model.pt")
    vocoder = load_vocoder(make_entry(), str(tmp_path), torch.device("cpu"))
    other = vocoder._model.state_dict()
    assert all(torch.allclose(other[name], tensor, atol=1e-6) for name, tensor in model.state_dict().items())
    assert len(other) == len(model.state_dict())


@pytest.mark.parametrize("channels", [256, 512])
def test_names_and_shapes_of_the_published_size_fit(channels):
    with torch.device("meta"):
        module = WaveGlow(WaveGlowDimensions(80, 12, 8, 4, 2, 8, channels))
    if channels == 256:
        assert get_shapes(module) == read_folded_shapes("waveglow")
    meta = as_deep_learning_examples(dict(module.state_dict()))
    assert model_of_shapes(meta) == module.dimensions


def model_of_shapes(tensors) -> WaveGlowDimensions:
    from pipelines.vocoders.waveglow import _join_conditioning, _read_dimensions

    return _read_dimensions(
        _join_conditioning({name.removeprefix("module."): tensor for name, tensor in tensors.items()})
    )


def test_a_seed_decides_the_sound_and_the_batch_does_not(model):
    vocoder = WaveGlowVocoder(model)
    mels = torch.from_numpy(load_arrays("waveglow", "inputs")["mel_batch"])
    together = vocoder.synthesise(mels, [FrameContext(1), FrameContext(2)])
    assert torch.allclose(vocoder.synthesise(mels[1:], [FrameContext(2)])[0], together[1], atol=1e-5)
    assert not torch.allclose(vocoder.synthesise(mels[1:], [FrameContext(3)])[0], together[1], atol=1e-2)


def test_denoiser_takes_away_what_the_model_makes_of_silence(model):
    silence = torch.zeros(1, 6, 40)
    loud = WaveGlowVocoder(model, settings=VocoderSettings(sigma=0.0, denoiser=0.0)).synthesise(
        silence, [FrameContext()]
    )
    quiet = WaveGlowVocoder(model, settings=VocoderSettings(sigma=0.0, denoiser=1.0)).synthesise(
        silence, [FrameContext()]
    )
    assert quiet.norm() < 0.5 * loud.norm()


def test_convention_is_read_from_the_config(model):
    vocoder = load_vocoder(make_entry(), str(FIXTURES / "waveglow"), torch.device("cpu"))
    assert (vocoder.convention.bins, vocoder.convention.fmax_hz) == (6, 8000.0)
    assert WAVEGLOW_MEL.bins == 80


def test_tensors_of_something_else_are_refused():
    with pytest.raises(ModelUnavailable, match="WaveGlow"):
        build_model(make_entry(), {"upsample.weight": torch.zeros(6, 6, 1024)})
