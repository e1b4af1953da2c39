"""pipelines/families/wav2vec2/features.py: samples as the network was taught to hear them."""

from __future__ import annotations

import numpy as np

from pipelines.families.wav2vec2.features import normalised, padded
from tests.factories import jfk, make_silence
from tests.wav2vec2_checkpoint import expected


def test_samples_are_normalised_as_transformers_does() -> None:
    assert np.abs(normalised(jfk(), wanted=True)[:64] - expected()["input_values_first64"][0]).max() < 1e-6


def test_models_that_want_the_samples_as_they_are_get_them() -> None:
    assert np.array_equal(normalised(np.array([16_384, -32_768], np.int16), wanted=False), [0.5, -1.0])


def test_digital_silence_stays_silence() -> None:
    assert not normalised(make_silence(0.1), wanted=True).any()


def test_shorter_sounds_are_padded_behind_with_zeros() -> None:
    rows, lengths = padded([np.ones(3, np.float32), np.ones(1, np.float32)])
    assert rows.tolist() == [[1, 1, 1], [1, 0, 0]] and lengths.tolist() == [3, 1]
