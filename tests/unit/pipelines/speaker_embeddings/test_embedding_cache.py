"""Vectors of voices, made once for each content."""

import numpy as np

from pipelines.family import Recording
from pipelines.speaker_embeddings.embedding_cache import HeardVoices


def listener():
    heard = []

    def hear(recording):
        heard.append(recording)
        return np.full(2, len(heard), np.float32)

    return hear, heard


def recording(value, rate_hz=16_000):
    return Recording(np.full(10, value, np.int16), rate_hz)


def test_the_same_samples_are_heard_once_whoever_holds_them():
    hear, heard = listener()
    voices = HeardVoices(hear)
    first = voices.vector(recording(1))
    assert voices.vector(recording(1)) is first
    assert voices.vector(recording(2)) is not first
    assert len(heard) == 2


def test_the_same_samples_at_another_rate_are_another_voice():
    hear, heard = listener()
    voices = HeardVoices(hear)
    assert voices.vector(recording(1)) is not voices.vector(recording(1, 8_000))
    assert len(heard) == 2


def test_the_voice_that_was_not_asked_for_longest_is_forgotten_first():
    hear, heard = listener()
    voices = HeardVoices(hear, most=2)
    for value in (1, 2, 1, 3, 1):
        voices.vector(recording(value))
    assert len(heard) == 3
    voices.vector(recording(2))
    assert len(heard) == 4
