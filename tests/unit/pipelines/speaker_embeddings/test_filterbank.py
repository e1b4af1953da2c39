from __future__ import annotations

import numpy as np
import pytest
import torch

from pipelines.speaker_embeddings.filterbank import Filterbank
from tests.audio_factories import load_jfk
from tests.checkpoints import load_arrays
from tests.material.make_speechbrain import SLICES

#: Decibels. A float32 FFT of 400 samples is off by log2(400) roundings of its largest value. A band may be 80 dB below
#: that, where the same error is 10⁴ times larger beside the band's own value.
LARGEST = 20 * np.log10(1 + np.log2(400) * 2**-24 * 1e4)
#: Most bands are far louder than that.
MEAN = LARGEST / 50


@pytest.mark.parametrize("excerpt", SLICES)
@pytest.mark.parametrize(("name", "bands"), [("ecapa", 80), ("xvector", 24)])
def test_features_are_those_of_the_original(name, bands, excerpt):
    start, end = SLICES[excerpt]
    wave = torch.from_numpy(load_jfk()[start:end].astype(np.float32) / 32_768)
    expected = load_arrays(f"speechbrain/{name}", "expected")[f"{excerpt}_features"]
    found = Filterbank(bands)(wave[None])[0].numpy()
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < LARGEST
    assert np.abs(found - expected).mean() < MEAN


def test_loudness_makes_no_difference():
    wave = torch.from_numpy(load_jfk()[:32_000].astype(np.float32) / 32_768)[None]
    bank = Filterbank(24)
    assert torch.allclose(bank(wave), bank(wave / 8), atol=0.01)


def test_silence_has_features_of_nothing():
    assert not Filterbank(24)(torch.zeros(1, 16_000)).any()
