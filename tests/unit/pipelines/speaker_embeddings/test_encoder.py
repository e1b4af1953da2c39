from __future__ import annotations

import numpy as np
import pytest
import torch

from pipelines.speaker_embeddings.encoder import SpeakerEncoder
from pipelines.speaker_embeddings.xvector import XVector, XVectorDimensions
from tests.audio_factories import make_noise


@pytest.fixture(scope="module")
def encoder() -> SpeakerEncoder:
    torch.manual_seed(3)
    network = XVector(XVectorDimensions(4, (8, 8), (3, 1), (1, 1), 6))
    return SpeakerEncoder(network, device=torch.device("cpu"), revision="r1")


def test_embedding_has_the_size_of_the_network_and_length_one(encoder: SpeakerEncoder) -> None:
    found = encoder.embed(make_noise(1.0).astype(np.float32) / 32_768)
    assert found.shape == (encoder.size,) == (6,) and found.dtype == np.float32
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)


def test_a_short_wave_counts_as_its_repetition(encoder: SpeakerEncoder) -> None:
    wave = make_noise(0.05).astype(np.float32) / 32_768
    assert np.array_equal(encoder.embed(wave), encoder.embed(np.tile(wave, 5)))
