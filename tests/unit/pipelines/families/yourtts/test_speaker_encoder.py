from __future__ import annotations

import numpy as np
import pytest
import torch

from pipelines.families.yourtts.checkpoint import read_reference_encoder
from pipelines.families.yourtts.speaker_encoder import ResNetSpeakerEncoder, SpeakerEncoderDimensions
from tests.checkpoints import FIXTURES, build_without_weights, get_shapes, load_arrays, make_entry, read_shapes


@pytest.fixture(scope="module")
def reference_encoder():
    torch.set_num_threads(1)
    return read_reference_encoder(make_entry(), FIXTURES / "yourtts")


@pytest.fixture(scope="module")
def wave():
    scale = load_arrays("yourtts", "expected")["se_waveform_rms_scale"]
    return torch.from_numpy(load_arrays("yourtts", "inputs")["se_audio_int16"] / 32_768 * scale).float()


@pytest.mark.parametrize(("seconds", "name"), [(5, "se_d_vector"), (1, "se_d_vector_1s")])
def test_vector_of_a_recording_is_that_of_the_original(reference_encoder, wave, seconds, name):
    made = reference_encoder.encoder.embed(wave[: seconds * 16_000])
    assert np.abs(made.numpy() - load_arrays("yourtts", "expected")[name][0]).max() < 1e-5


def test_one_pass_over_the_clip_is_that_of_the_original(reference_encoder, wave):
    with torch.inference_mode():
        made = reference_encoder.encoder(wave[None])
    assert np.abs(made.numpy() - load_arrays("yourtts", "expected")["se_d_vector_no_l2_full_clip"]).max() < 1e-5


def test_level_is_that_of_the_config(reference_encoder):
    assert reference_encoder.level_db == -27.0


def test_names_and_shapes_of_the_published_size_fit():
    encoder = build_without_weights(lambda: ResNetSpeakerEncoder(SpeakerEncoderDimensions()))
    assert get_shapes(encoder) == read_shapes("yourtts", "shapes_speaker_encoder.json")
