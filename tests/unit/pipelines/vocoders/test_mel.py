from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from pipelines.audio.mel_filters import build_mel_filters
from pipelines.errors import UnsupportedOption
from pipelines.vocoders.hifigan import ESPNET_MEL, SPEECHT5_MEL
from pipelines.vocoders.mel import MelConvention, check_convertible, convert, find_differences
from pipelines.vocoders.melgan import MELGAN_MEL

LN = MelConvention()
LOG10 = MelConvention(log="log10")


@pytest.fixture
def linear():
    return torch.rand(80, 7, generator=torch.Generator().manual_seed(1)) + 1e-4


def test_base_of_the_logarithm_converts_exactly(linear):
    assert torch.allclose(convert(linear.log(), LN, LOG10), linear.log10(), atol=1e-6)
    assert torch.allclose(convert(linear.log10(), LOG10, LN), linear.log(), atol=1e-6)


def test_a_floor_may_rise_but_not_fall():
    quiet = torch.full((80, 1), -20.0)
    low, high = MelConvention(floor=1e-10), MelConvention(floor=1e-5)
    assert torch.allclose(convert(quiet, low, high), torch.full((80, 1), math.log(1e-5)))
    assert find_differences(high, low) == ["floor"]


def test_normalisation_converts_both_ways(linear):
    mean, scale = tuple(float(number) for number in range(80)), tuple(1.0 + number / 80 for number in range(80))
    normalised = MelConvention(log="log10", mean=mean, scale=scale)
    there = convert(linear.log(), LN, normalised)
    assert torch.allclose(
        there, (linear.log10() - torch.tensor(mean)[:, None]) / torch.tensor(scale)[:, None], atol=1e-5
    )
    assert torch.allclose(convert(there, normalised, LN), linear.log(), atol=1e-4)


@pytest.mark.parametrize("other", [SPEECHT5_MEL, ESPNET_MEL, MELGAN_MEL], ids=["speecht5", "espnet", "melgan"])
def test_other_filters_are_refused_with_both_conventions_named(other):
    with pytest.raises(UnsupportedOption) as refused:
        check_convertible(LN, other, writer="tacotron2", reader="the vocoder")
    assert refused.value.field == "vocoder"
    assert str(LN) in refused.value.detail and str(other) in refused.value.detail
    assert "fmax_hz" in refused.value.detail


def test_convention_file_with_an_unknown_field_is_refused():
    assert MelConvention.from_json({"fmax_hz": 7600.0, "mean": [0.0, 1.0]}).mean == (0.0, 1.0)
    with pytest.raises(ValueError, match="fmaks"):
        MelConvention.from_json({"fmaks": 1})


@pytest.mark.parametrize("filters", ["slaney", "htk"])
def test_filters_have_the_scale_and_the_size_of_the_convention(filters):
    convention = MelConvention(bins=20, fmin_hz=80.0, filters=filters)
    found = convention.build_filters()
    assert found.shape == (20, 513) and found.dtype == np.float32
    wanted = build_mel_filters(22_050, fft=1024, bins=20, fmin_hz=80.0, fmax_hz=8000.0, scale=filters)
    assert np.array_equal(found, wanted.astype(np.float32))
