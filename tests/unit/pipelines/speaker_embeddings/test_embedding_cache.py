"""Speaker embeddings, computed once for each content."""

import numpy as np

from pipelines.family import Recording
from pipelines.speaker_embeddings.embedding_cache import EmbeddingCache


def counting_encoder():
    calls = []

    def embed(recording):
        calls.append(recording)
        return np.full(2, len(calls), np.float32)

    return embed, calls


def recording(value, rate_hz=16_000):
    return Recording(np.full(10, value, np.int16), rate_hz)


def test_the_same_samples_are_computed_once():
    embed, calls = counting_encoder()
    voices = EmbeddingCache(embed)
    first = voices.get(recording(1))
    assert voices.get(recording(1)) is first
    assert voices.get(recording(2)) is not first
    assert len(calls) == 2


def test_the_same_samples_at_another_rate_are_another_voice():
    embed, calls = counting_encoder()
    voices = EmbeddingCache(embed)
    assert voices.get(recording(1)) is not voices.get(recording(1, 8_000))
    assert len(calls) == 2


def test_the_least_recently_used_embedding_is_evicted_first():
    embed, calls = counting_encoder()
    voices = EmbeddingCache(embed, max_size=2)
    for value in (1, 2, 1, 3, 1):
        voices.get(recording(value))
    assert len(calls) == 3
    voices.get(recording(2))
    assert len(calls) == 4
