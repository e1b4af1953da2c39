"""What every speaker encoder promises: unit vectors, the same first, last and alone, whatever the company.

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
from pipelines.family import EmbedRequest, Vector
from pipelines.pipeline import Interrupted
from tests.checkpoints import FIXTURES
from tests.factories import jfk, make_noise, make_silence
from tests.in_process import load
from tests.speaker_checkpoints import write_wespeaker

#: Models whose weights would be fetched, and what has or writes random ones in their layout.
RANDOM: dict[str, Callable[[Path], Path]] = {
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
        folder = RANDOM[found.name](tmp_path_factory.mktemp(found.family))
        found = dataclasses.replace(found, source=str(folder), threads=1)
    return found


@pytest.fixture(scope="module")
def encoder(entry: Entry) -> Any:
    return load(entry)


def tick() -> None:
    """Somebody waits for the answer."""


def turns() -> list[EmbedRequest]:
    speech = jfk()
    sounds = [
        speech[:48_000],
        make_noise(1.0, level=0.1),
        speech[132_000:150_000],
        speech[52_000:60_000],
        make_silence(1.0),
        speech[9_000:9_400],
    ]
    return [EmbedRequest(sound) for sound in sounds]


@pytest.fixture(scope="module")
def alone(encoder: Any) -> list[Vector]:
    return [encoder.embed([turn], tick)[0] for turn in turns()]


def alike(left: list[Vector], right: list[Vector]) -> bool:
    return len(left) == len(right) and np.allclose(left, right, atol=1e-5)


def test_every_voice_is_a_vector_of_length_one(alone: list[Vector]) -> None:
    assert {vector.dtype for vector in alone} == {np.dtype(np.float32)}
    assert len({vector.shape for vector in alone}) == 1
    assert np.allclose(np.linalg.norm(alone, axis=1), 1, atol=1e-5)


def test_a_turn_sounds_the_same_first_last_and_alone(encoder: Any, alone: list[Vector]) -> None:
    assert alike(encoder.embed(turns(), tick), alone)
    assert alike(encoder.embed(turns()[::-1], tick)[::-1], alone)


def test_different_sounds_are_different_vectors(alone: list[Vector]) -> None:
    likeness = np.stack(alone) @ np.stack(alone).T
    assert (likeness - np.eye(len(alone)) < 1 - 1e-4).all()


def test_two_lanes_at_once_hear_the_same(encoder: Any, alone: list[Vector]) -> None:
    heard: dict[int, list[Vector]] = {}

    def lane(number: int) -> None:
        heard[number] = encoder.embed(turns(), tick)

    lanes = [threading.Thread(target=lane, args=(number,)) for number in range(2)]
    for thread in lanes:
        thread.start()
    for thread in lanes:
        thread.join()
    assert alike(heard[0], alone)
    assert alike(heard[1], alone)


def test_what_was_loaded_is_said(entry: Entry, encoder: Any) -> None:
    assert encoder.entry is entry
    assert encoder.revision.startswith("sha256:")
    assert encoder.engine.partition("/")[0] in entry.engines


def test_listening_stops_when_nobody_waits(encoder: Any) -> None:
    def stop() -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        encoder.embed(turns(), stop)
