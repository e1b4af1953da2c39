"""ONNX speaker encoders: features as Kaldi makes them, a small random graph, and what does not fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from pipelines.catalog import Catalog
from pipelines.errors import ModelUnavailable
from pipelines.families import wespeaker
from pipelines.family import EmbedRequest
from tests.speaker_checkpoints import pooled, write_wespeaker

ENTRY = Catalog().named("wespeaker-resnet34")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("wespeaker")


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return pooled(80)


@pytest.fixture(scope="module")
def encoder(folder):
    write_wespeaker(folder, seed=0)
    return wespeaker.load(replace(ENTRY, source=str(folder)), "cpu")


def sound(seconds: float, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1000, int(seconds * 16_000)).astype(np.int16)


def test_vector_is_what_the_network_makes_of_the_features(encoder, network):
    (vector,) = encoder.embed([EmbedRequest(sound(2.0))], lambda: None)
    with torch.no_grad():
        wanted = network(torch.from_numpy(wespeaker.features(sound(2.0)))[None])[0].numpy()
    assert np.allclose(vector, wanted / np.linalg.norm(wanted), atol=1e-4)


def test_features_are_those_of_kaldi_without_their_mean():
    frames = wespeaker.features(sound(2.0))
    assert frames.shape == (198, 80) and np.abs(frames.mean(axis=0)).max() < 1e-4
    assert wespeaker.features(sound(0.2)).shape == (98, 80)


@pytest.mark.parametrize("names", [(), ("a.onnx", "b.onnx")])
def test_folder_without_one_graph_is_refused(tmp_path, names):
    for name in names:
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(ModelUnavailable, match=r"must hold model\.onnx or one graph"):
        wespeaker.load(replace(ENTRY, source=str(tmp_path)), "cpu")


def test_graph_of_another_form_is_refused(tmp_path):
    write_wespeaker(tmp_path, bands=24)
    with pytest.raises(ModelUnavailable, match=r"takes \[batch, frames, 80\]"):
        wespeaker.load(replace(ENTRY, source=str(tmp_path)), "cpu")
