from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from pipelines.families.yourtts.checkpoint import _TRAINING, read_network
from pipelines.families.yourtts.dimensions import YourTtsDimensions
from pipelines.families.yourtts.network import LatentOutput, Row, YourTtsNetwork
from tests.checkpoints import FIXTURES, build_without_weights, get_shapes, load_arrays, make_entry, read_folded_shapes

CONFIG = json.loads((FIXTURES / "yourtts" / "config.json").read_text())


@pytest.fixture(scope="module")
def network() -> YourTtsNetwork:
    torch.set_num_threads(1)
    return read_network(make_entry(), FIXTURES / "yourtts", CONFIG)


@pytest.fixture(scope="module")
def given():
    return load_arrays("yourtts", "inputs")


@pytest.fixture(scope="module")
def wanted():
    return load_arrays("yourtts", "expected")


def row(given, number: int, **changes) -> Row:
    return Row(
        given[f"ids_{number}"][0].tolist(),
        torch.from_numpy(given[f"d_vector_{number}"][0]),
        int(given[f"language_id_{number}"][0]),
        **changes,
    )


def audio(network: YourTtsNetwork, latent_output: LatentOutput) -> np.ndarray:
    with torch.inference_mode():
        return network.waveform_decoder(latent_output.latents[None], latent_output.speaker[None])[0].numpy()


@pytest.mark.parametrize("number", range(3))
def test_durations_and_audio_are_those_of_the_original(network, given, wanted, number):
    asked = row(given, number)
    (latent_output,) = network.synthesise([asked])
    assert np.array_equal(latent_output.durations, wanted[f"durations_{number}"][0, 0])
    original = wanted[f"audio_{number}"] if number else wanted["audio_0_end"]
    assert np.abs(audio(network, latent_output)[-original.shape[-1] :] - original[0, 0]).max() < 1e-4


def test_latents_are_those_of_the_original(network, given, wanted):
    (latent_output,) = network.synthesise([row(given, 1)])
    assert np.abs(latent_output.latents.numpy() - wanted["z_1"][0]).max() < 1e-4


def test_durations_may_be_given(network, given, wanted):
    asked = row(given, 1)
    (latent_output,) = network.synthesise([asked], [torch.from_numpy(given["given_durations_1"][0])])
    assert np.abs(audio(network, latent_output)[-20_000:] - wanted["audio_given_durations_1_end"][0, 0]).max() < 1e-4


def test_length_is_that_of_the_original(network, given, wanted):
    asked = row(given, 1, length=1.5)
    (latent_output,) = network.synthesise([asked])
    made = audio(network, latent_output)
    assert np.abs(made[-20_000:] - wanted["audio_length_scale_1.5_1_end"][0, 0]).max() < 1e-4


def test_noise_is_that_of_the_original(network, given, wanted):
    drawn = iter([torch.from_numpy(given["noise_dp_0"][0]), torch.from_numpy(given["noise_z_0"][0])])
    asked = row(given, 0, noise=0.667, duration_noise=0.8, draw=lambda shape: next(drawn))
    (latent_output,) = network.synthesise([asked])
    assert np.array_equal(latent_output.durations, wanted["durations_noise_0"][0, 0])
    assert np.abs(audio(network, latent_output)[-20_000:] - wanted["audio_noise_0_end"][0, 0]).max() < 1e-4


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_rows_of_a_batch_do_not_affect_each_other(network, given, order):
    together = network.synthesise([row(given, number) for number in order])
    for number, latent_output in zip(order, together, strict=True):
        (alone,) = network.synthesise([row(given, number)])
        assert torch.equal(alone.durations, latent_output.durations)
        assert torch.allclose(alone.latents, latent_output.latents, atol=1e-5)


def test_speaker_embeddings_have_length_one(network, given):
    outputs = network.synthesise([row(given, 0), row(given, 1)])
    assert all(float(output.speaker.norm()) == pytest.approx(1.0, abs=1e-6) for output in outputs)


def test_names_and_shapes_of_the_published_size_fit():
    sizes = {
        "hidden_channels": 192,
        "hidden_channels_ffn_text_encoder": 768,
        "num_layers_text_encoder": 10,
        "num_layers_flow": 4,
        "upsample_initial_channel_decoder": 512,
    }
    made = build_without_weights(
        lambda: YourTtsNetwork(YourTtsDimensions.from_config({**CONFIG["model_args"], **sizes}))
    )
    published = read_folded_shapes("yourtts")
    assert get_shapes(made) == {name: shape for name, shape in published.items() if not name.startswith(_TRAINING)}
    assert any(name.startswith("duration_predictor.post_") for name in published)
