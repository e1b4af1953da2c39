from __future__ import annotations

import numpy as np
import pytest
import torch

from pipelines.families.yourtts.checkpoint import read_listener
from pipelines.families.yourtts.speaker_encoder import EncoderShape, SpeakerEncoder
from tests.checkpoints import FIXTURES, arrays, at_real_size, make_entry, shapes_of, written_shapes


@pytest.fixture(scope="module")
def listener():
    torch.set_num_threads(1)
    return read_listener(make_entry(), FIXTURES / "yourtts")


@pytest.fixture(scope="module")
def wave():
    scale = arrays("yourtts", "expected")["se_waveform_rms_scale"]
    return torch.from_numpy(arrays("yourtts", "inputs")["se_audio_int16"] / 32_768 * scale).float()


@pytest.mark.parametrize(("seconds", "name"), [(5, "se_d_vector"), (1, "se_d_vector_1s")])
def test_vector_of_a_recording_is_that_of_the_original(listener, wave, seconds, name):
    made = listener.encoder.vector(wave[: seconds * 16_000])
    assert np.abs(made.numpy() - arrays("yourtts", "expected")[name][0]).max() < 1e-5


def test_one_pass_over_the_clip_is_that_of_the_original(listener, wave):
    with torch.inference_mode():
        made = listener.encoder(wave[None])
    assert np.abs(made.numpy() - arrays("yourtts", "expected")["se_d_vector_no_l2_full_clip"]).max() < 1e-5


def test_level_is_that_of_the_config(listener):
    assert listener.level_db == -27.0


def test_names_and_shapes_of_the_published_size_fit():
    encoder = at_real_size(lambda: SpeakerEncoder(EncoderShape()))
    assert shapes_of(encoder) == written_shapes("yourtts", "shapes_speaker_encoder.json")
