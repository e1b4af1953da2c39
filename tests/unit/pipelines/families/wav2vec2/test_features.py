"""pipelines/families/wav2vec2/features.py: samples normalised as in training."""

from __future__ import annotations

import numpy as np

from pipelines.families.wav2vec2.features import normalise, pad_rows
from tests.audio_factories import load_jfk, make_silence
from tests.wav2vec2_checkpoint import load_expected


def test_samples_are_normalised_as_transformers_does() -> None:
    assert (
        np.abs(normalise(load_jfk(), is_normalised=True)[:64] - load_expected()["input_values_first64"][0]).max() < 1e-6
    )


def test_models_that_want_the_samples_as_they_are_get_them() -> None:
    assert np.array_equal(normalise(np.array([16_384, -32_768], np.int16), is_normalised=False), [0.5, -1.0])


def test_digital_silence_stays_silence() -> None:
    assert not normalise(make_silence(0.1), is_normalised=True).any()


def test_shorter_sounds_are_padded_behind_with_zeros() -> None:
    rows, lengths = pad_rows([np.ones(3, np.float32), np.ones(1, np.float32)])
    assert rows.tolist() == [[1, 1, 1], [1, 0, 0]] and lengths.tolist() == [3, 1]
