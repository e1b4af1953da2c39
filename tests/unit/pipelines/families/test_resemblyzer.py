"""The packaged speaker encoder with its real weights: embeddings of one speaker are near, of others far."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest

from pipelines.audio.decode import open_recording
from pipelines.audio.resample import resample_blocks
from pipelines.catalog.catalog import Catalog
from pipelines.errors import ModelUnavailable
from pipelines.families import resemblyzer
from pipelines.family import EmbeddingInput
from tests.material.make_dialogue import DIALOGUE

RATE = 16_000


@pytest.fixture(scope="module")
def encoder():
    return resemblyzer.load(Catalog().named("resemblyzer"), "cpu")


@pytest.fixture(scope="module")
def excerpts() -> list[tuple[str, EmbeddingInput]]:
    """The first four seconds of a few sentences of each voice."""
    with open_recording(DIALOGUE / "dialogue.opus", max_seconds=3600, name="dialogue") as recording:
        blocks = []
        for block in resample_blocks(recording.blocks(), RATE, mix=True):
            blocks.append(block[0])
            if sum(map(len, blocks)) > 90 * RATE:
                break
    sound = np.concatenate(blocks)
    sound = sound if sound.dtype == np.int16 else np.rint(sound * 32_767).astype(np.int16)
    words = [word for word in json.loads((DIALOGUE / "truth.json").read_text())["words"] if word["end"] < 85]
    found, first = [], words[0]
    for before, word in pairwise(words):
        if word["start"] - before["end"] > 0.25:
            if before["end"] - first["start"] > 1.0:
                ends = min(before["end"], first["start"] + 4.0)
                found.append((first["voice"], EmbeddingInput(sound[int(first["start"] * RATE) : int(ends * RATE)])))
            first = word
    return found[:16]


def test_turns_of_one_voice_are_nearer_than_those_of_two(encoder, excerpts):
    vectors = np.stack(encoder.embed([request for _, request in excerpts], lambda: None))
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    same = np.array([[one == other for other, _ in excerpts] for one, _ in excerpts])
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, np.nan)
    assert len({voice for voice, _ in excerpts}) == 3
    assert np.nanmean(similarity[same]) > np.nanmean(similarity[~same]) + 0.15


def test_embedding_is_the_same_alone_and_beside_others(encoder, excerpts):
    alone = encoder.embed([excerpts[3][1]], lambda: None)[0]
    among = encoder.embed([request for _, request in excerpts[:5]], lambda: None)[3]
    assert np.allclose(alone, among, atol=1e-4)


def test_short_and_silent_excerpts_have_vectors_too(encoder):
    short = EmbeddingInput(np.random.default_rng(1).integers(-99, 99, 1600).astype(np.int16))
    vectors = encoder.embed([short, EmbeddingInput(np.zeros(RATE, np.int16))], lambda: None)
    assert all(vector.shape == (256,) and np.isfinite(vector).all() for vector in vectors)


def test_absent_package_is_named_with_the_line_that_installs_it(monkeypatch):
    monkeypatch.setattr(resemblyzer, "find_spec", lambda name: None)
    with pytest.raises(ModelUnavailable, match="pip install --no-deps resemblyzer"):
        resemblyzer.load(Catalog().named("resemblyzer"), "cpu")
