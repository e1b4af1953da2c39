"""The contract of every speaker encoder: vectors of length one, the same first, last, alone and in any batch.

Resemblyzer has its real weights; the others random ones in their layout.
"""

from __future__ import annotations

import dataclasses
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.catalog.catalog import Catalog
from pipelines.catalog.entries import ENTRIES
from pipelines.catalog.entry import Entry
from pipelines.family import EmbeddingInput, SpeakerEmbedding
from pipelines.pipeline import StepInterrupted
from tests.audio_factories import load_jfk, make_noise, make_silence
from tests.checkpoints import FIXTURES
from tests.pipeline_runner import load_family
from tests.speaker_checkpoints import write_wespeaker

#: Models whose weights would be fetched, and the function that finds or writes random ones in their layout.
RANDOM_WEIGHTS: dict[str, Callable[[Path], Path]] = {
    "wespeaker-resnet34": write_wespeaker,
    "pyannote-resnet34": lambda folder: FIXTURES / "pyannote_resnet",
    "spkrec-ecapa-voxceleb": lambda folder: FIXTURES / "speechbrain" / "ecapa",
    "spkrec-xvect-voxceleb": lambda folder: FIXTURES / "speechbrain" / "xvector",
}


@pytest.fixture(scope="module", params=[entry.name for entry in ENTRIES if entry.kind == "speaker"])
def entry(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Entry:
    found = Catalog().named(request.param)
    if not found.installed:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{found.name} needs {', '.join(found.needs)}")
        pytest.skip(f"{found.name} is not installed")
    if found.source:
        folder = RANDOM_WEIGHTS[found.name](tmp_path_factory.mktemp(found.family))
        found = dataclasses.replace(found, source=str(folder), threads=1)
    return found


@pytest.fixture(scope="module")
def encoder(entry: Entry) -> Any:
    return load_family(entry)


def tick() -> None:
    """Never interrupts."""


def turns() -> list[EmbeddingInput]:
    speech = load_jfk()
    sounds = [
        speech[:48_000],
        make_noise(1.0, level=0.1),
        speech[132_000:150_000],
        speech[52_000:60_000],
        make_silence(1.0),
        speech[9_000:9_400],
    ]
    return [EmbeddingInput(sound) for sound in sounds]


@pytest.fixture(scope="module")
def alone(encoder: Any) -> list[SpeakerEmbedding]:
    return [encoder.embed([turn], tick)[0] for turn in turns()]


def alike(left: list[SpeakerEmbedding], right: list[SpeakerEmbedding]) -> bool:
    return len(left) == len(right) and np.allclose(left, right, atol=1e-5)


def test_every_embedding_is_a_vector_of_length_one(alone: list[SpeakerEmbedding]) -> None:
    assert {vector.dtype for vector in alone} == {np.dtype(np.float32)}
    assert len({vector.shape for vector in alone}) == 1
    assert np.allclose(np.linalg.norm(alone, axis=1), 1, atol=1e-5)


def test_a_turn_has_the_same_embedding_first_last_and_alone(encoder: Any, alone: list[SpeakerEmbedding]) -> None:
    assert alike(encoder.embed(turns(), tick), alone)
    assert alike(encoder.embed(turns()[::-1], tick)[::-1], alone)


def test_different_sounds_are_different_vectors(alone: list[SpeakerEmbedding]) -> None:
    similarities = np.stack(alone) @ np.stack(alone).T
    assert (similarities - np.eye(len(alone)) < 1 - 1e-4).all()


def test_two_lanes_at_once_have_the_same_results(encoder: Any, alone: list[SpeakerEmbedding]) -> None:
    results: dict[int, list[SpeakerEmbedding]] = {}

    def lane(number: int) -> None:
        results[number] = encoder.embed(turns(), tick)

    lanes = [threading.Thread(target=lane, args=(number,)) for number in range(2)]
    for thread in lanes:
        thread.start()
    for thread in lanes:
        thread.join()
    assert alike(results[0], alone)
    assert alike(results[1], alone)


def test_provenance_names_what_was_loaded(entry: Entry, encoder: Any) -> None:
    assert encoder.entry is entry
    assert encoder.revision.startswith("sha256:")
    assert encoder.engine.partition("/")[0] in entry.engines


def test_it_stops_when_the_tick_raises(encoder: Any) -> None:
    def stop() -> None:
        raise StepInterrupted

    with pytest.raises(StepInterrupted):
        encoder.embed(turns(), stop)
