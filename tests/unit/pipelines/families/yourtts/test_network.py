from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from pipelines.families.yourtts.checkpoint import _TRAINING, read
from pipelines.families.yourtts.dimensions import Shape
from pipelines.families.yourtts.network import Network, Row, Spoken
from tests.checkpoints import FIXTURES, arrays, at_real_size, make_entry, plain_shapes, shapes_of

CONFIG = json.loads((FIXTURES / "yourtts" / "config.json").read_text())


@pytest.fixture(scope="module")
def network() -> Network:
    torch.set_num_threads(1)
    return read(make_entry(), FIXTURES / "yourtts", CONFIG)


@pytest.fixture(scope="module")
def given():
    return arrays("yourtts", "inputs")


@pytest.fixture(scope="module")
def wanted():
    return arrays("yourtts", "expected")


def row(given, number: int, **changes) -> Row:
    return Row(
        given[f"ids_{number}"][0].tolist(),
        torch.from_numpy(given[f"d_vector_{number}"][0]),
        int(given[f"language_id_{number}"][0]),
        **changes,
    )


def audio(network: Network, asked: Row, said: Spoken) -> np.ndarray:
    with torch.inference_mode():
        return network.waveform_decoder(said.hidden[None], network.speakers([asked]))[0].numpy()


@pytest.mark.parametrize("number", range(3))
def test_durations_and_audio_are_those_of_the_original(network, given, wanted, number):
    asked = row(given, number)
    (said,) = network.speak([asked])
    assert np.array_equal(said.durations, wanted[f"durations_{number}"][0, 0])
    original = wanted[f"audio_{number}"] if number else wanted["audio_0_end"]
    assert np.abs(audio(network, asked, said)[-original.shape[-1] :] - original[0, 0]).max() < 1e-4


def test_hidden_sound_is_that_of_the_original(network, given, wanted):
    (said,) = network.speak([row(given, 1)])
    assert np.abs(said.hidden.numpy() - wanted["z_1"][0]).max() < 1e-4


def test_durations_may_be_given(network, given, wanted):
    asked = row(given, 1)
    (said,) = network.speak([asked], [torch.from_numpy(given["given_durations_1"][0])])
    assert np.abs(audio(network, asked, said)[-20_000:] - wanted["audio_given_durations_1_end"][0, 0]).max() < 1e-4


def test_length_is_that_of_the_original(network, given, wanted):
    asked = row(given, 1, length=1.5)
    (said,) = network.speak([asked])
    made = audio(network, asked, said)
    assert np.abs(made[-20_000:] - wanted["audio_length_scale_1.5_1_end"][0, 0]).max() < 1e-4


def test_noise_is_that_of_the_original(network, given, wanted):
    drawn = iter([torch.from_numpy(given["noise_dp_0"][0]), torch.from_numpy(given["noise_z_0"][0])])
    asked = row(given, 0, noise=0.667, duration_noise=0.8, draw=lambda shape: next(drawn))
    (said,) = network.speak([asked])
    assert np.array_equal(said.durations, wanted["durations_noise_0"][0, 0])
    assert np.abs(audio(network, asked, said)[-20_000:] - wanted["audio_noise_0_end"][0, 0]).max() < 1e-4


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_rows_of_a_batch_do_not_hear_each_other(network, given, order):
    together = network.speak([row(given, number) for number in order])
    for number, said in zip(order, together, strict=True):
        (alone,) = network.speak([row(given, number)])
        assert torch.equal(alone.durations, said.durations)
        assert torch.allclose(alone.hidden, said.hidden, atol=1e-5)


def test_speakers_vectors_are_brought_to_length_one(network, given):
    vector = network.speakers([row(given, 0), row(given, 1)])
    assert torch.allclose(vector.norm(dim=1), torch.ones(2))


def test_names_and_shapes_of_the_published_size_fit():
    sizes = {
        "hidden_channels": 192,
        "hidden_channels_ffn_text_encoder": 768,
        "num_layers_text_encoder": 10,
        "num_layers_flow": 4,
        "upsample_initial_channel_decoder": 512,
    }
    made = at_real_size(lambda: Network(Shape.of({**CONFIG["model_args"], **sizes})))
    published = plain_shapes("yourtts")
    assert shapes_of(made) == {name: shape for name, shape in published.items() if not name.startswith(_TRAINING)}
    assert any(name.startswith("duration_predictor.post_") for name in published)
