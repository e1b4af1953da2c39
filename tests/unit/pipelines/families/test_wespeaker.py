"""WeSpeaker's encoders: Kaldi's features, small random networks in both formats, and refused checkpoints."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pipelines.catalog.catalog import Catalog
from pipelines.catalog.weights import load_state_dict
from pipelines.errors import ModelUnavailable
from pipelines.families import wespeaker
from pipelines.family import EmbeddingInput
from pipelines.speaker_embeddings.resnet import ResNet, ResNetDimensions
from tests.audio_factories import load_jfk
from tests.checkpoints import FIXTURES, build_without_weights, get_shapes, load_arrays, read_shapes
from tests.material.make_pyannote import SLICES
from tests.speaker_checkpoints import build_encoder, write_wespeaker

ENTRY = Catalog().named("wespeaker-resnet34")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("wespeaker")


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return build_encoder(80)


@pytest.fixture(scope="module")
def encoder(folder):
    write_wespeaker(folder, seed=0)
    return wespeaker.load(replace(ENTRY, source=str(folder)), "cpu")


def sound(seconds: float, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1000, int(seconds * 16_000)).astype(np.int16)


def test_vector_is_what_the_network_makes_of_the_features(encoder, network):
    (vector,) = encoder.embed([EmbeddingInput(sound(2.0))], lambda: None)
    with torch.no_grad():
        wanted = network(torch.from_numpy(wespeaker.compute_features(sound(2.0)))[None])[0].numpy()
    assert np.allclose(vector, wanted / np.linalg.norm(wanted), atol=1e-4)


def test_features_are_those_of_kaldi_without_their_mean():
    frames = wespeaker.compute_features(sound(2.0))
    assert frames.shape == (198, 80) and np.abs(frames.mean(axis=0)).max() < 1e-4
    assert wespeaker.compute_features(sound(0.2)).shape == (98, 80)


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


# -- the ResNet as pyannote publishes it -------------------------------------------------------------------------------
PYANNOTE = FIXTURES / "pyannote_resnet"
RESNET = Catalog().named("pyannote-resnet34")


def resnet(folder):
    torch.set_num_threads(1)
    return wespeaker.load(replace(RESNET, source=str(folder)), "cpu")


@pytest.mark.parametrize("excerpt", SLICES)
def test_resnets_vector_is_that_of_pyannote(excerpt):
    encoder = resnet(PYANNOTE)
    start, end = SLICES[excerpt]
    expected = load_arrays("pyannote_resnet", "expected")[f"{excerpt}_vector"]
    assert np.abs(encoder._network(wespeaker.compute_features(load_jfk()[start:end])) - expected).max() < 1e-4
    (vector,) = encoder.embed([EmbeddingInput(load_jfk()[start:end])], lambda: None)
    assert np.abs(vector - expected / np.linalg.norm(expected)).max() < 1e-4


def test_features_are_those_of_pyannote():
    start, end = SLICES["one_second"]
    expected = load_arrays("pyannote_resnet", "expected")["one_second_features"]
    assert np.abs(wespeaker.compute_features(load_jfk()[start:end]) - expected).max() < 5e-4


def test_names_and_shapes_of_the_published_size_fit():
    found = get_shapes(build_without_weights(lambda: ResNet(ResNetDimensions())))
    assert {f"resnet.{name}": shape for name, shape in found.items()} == read_shapes("pyannote_resnet")


def test_wespeakers_own_names_and_its_classifier_are_accepted(tmp_path):
    held = load_state_dict(RESNET, PYANNOTE / "pytorch_model.bin", mentioned=wespeaker._MENTIONED)
    own = {name.removeprefix("resnet."): tensor for name, tensor in held.items()}
    torch.save(own | {"projection.weight": torch.ones(3, 16)}, tmp_path / "avg_model.pt")
    turn = [EmbeddingInput(load_jfk()[:32_000])]
    assert np.array_equal(resnet(tmp_path).embed(turn, lambda: None), resnet(PYANNOTE).embed(turn, lambda: None))


def test_other_networks_are_refused_by_what_they_lack(tmp_path):
    torch.save({"fc.weight": torch.ones(200, 16)}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ModelUnavailable, match=r"no ResNet of WeSpeaker: it lacks 'conv1\.weight'"):
        resnet(tmp_path)
    held = load_state_dict(RESNET, PYANNOTE / "pytorch_model.bin", mentioned=wespeaker._MENTIONED)
    torch.save(held | {"resnet.layer1.0.conv3.weight": torch.ones(2, 2)}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ModelUnavailable, match=r"has unknown layer1\.0\.conv3\.weight"):
        resnet(tmp_path)


def test_what_the_file_mentions_is_let_in_by_name_alone(tmp_path):
    planted = tmp_path / "planted"

    class Bomb:
        def __reduce__(self):
            return Path.touch, (planted,)

    held = load_state_dict(RESNET, PYANNOTE / "pytorch_model.bin", mentioned=wespeaker._MENTIONED)
    torch.save({"state_dict": held, "specifications": Bomb()}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ModelUnavailable, match="could run code"):
        resnet(tmp_path)
    assert not planted.exists()
    # Elsewhere not even the names of the published file are let in.
    with pytest.raises(ModelUnavailable, match="could run code"):
        load_state_dict(RESNET, PYANNOTE / "pytorch_model.bin")
