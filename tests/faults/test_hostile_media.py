"""Fault test 27: no recording that a stranger sends makes us read another file, run out of memory, hang or crash.

Each case is planned as a worker would, in a confined process of its own. Beside its source lies a canary, a recording
of the word "canary", which the process may read: only the decoder keeps a disguised playlist from reading it.
"""

from __future__ import annotations

import math
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs.job import Chunk
from jobs.settings import sandbox_environment
from jobs.states import ChunkState, Step
from pipelines.catalog.catalog import Catalog
from pipelines.families.tone import load_listener, load_speaker
from pipelines.family import RecogniseRequest, SpeakRequest
from tests.factories import make_recording, make_wav
from tests.faults.hostile_media import corpus, silent_flac
from tests.faults.rig import REPORTS
from tests.services.machine_speed import deadline
from workers.chunks.workdir import Scratch
from workers.engines.channel import Message
from workers.engines.step_runner import SOURCE_FILE
from workers.sandbox.confinement import Limits
from workers.sandbox.pool import SandboxPool

LIMITS = Limits(memory_bytes=1 << 30, cpu_s=math.ceil(deadline(30)), file_bytes=1 << 30)
MUTATIONS = 100
SOAK_MUTATIONS = 5_000


@pytest.fixture(scope="module")
def pool() -> Iterator[SandboxPool]:
    made = SandboxPool(LIMITS, stall_s=deadline(30), environment=sandbox_environment())
    assert made.wait_until_loaded(deadline(120))
    yield made
    made.close()


class Verdicts:
    """Plans recordings in the sandbox and counts how that ended."""

    def __init__(self, pool: SandboxPool, folder: Path) -> None:
        self.counts: Counter[str] = Counter()
        self.slowest_s = 0.0
        self._pool = pool
        self._folder = folder
        self._scratch = Scratch(folder / "scratch")
        self.canary = make_wav(folder / "canary.wav", _said("canary canary canary"))

    def of(self, name: str, data: bytes, **limits: Any) -> tuple[Message, list[np.ndarray]]:
        """The last event of the plan, and the sounds that it cut out."""
        chunk = Chunk(f"chk_{name}", "job_1", "t", Step.PLAN, 0, 0, "cpu", ChunkState.RUNNING, 1, 0.0, {})
        started = time.monotonic()
        with self._scratch.files(chunk) as files:
            (files.box / SOURCE_FILE).write_bytes(data)
            shutil.copy(self.canary, files.box / "canary.wav")
            message = {
                "step": "plan",
                "kind": "stt.transcribe",
                "model": "tone-listener",
                "params": {"source_name": name},
                "has_source": True,
                "limits": {"vad": "energy", **limits},
            }
            with self._pool.running(message, files.box, lane="bulk", solo=False) as run:
                sounds = []
                while True:
                    event = run.next(deadline(60))
                    if event["event"] == "file":
                        sounds.append(np.fromfile(files.box / event["file"], "<i2"))
                        run.send({"op": "stored"})
                    elif event["event"] not in ("progress", "confined"):
                        break
        self.slowest_s = max(self.slowest_s, time.monotonic() - started)
        self.counts[event.get("code", event["event"])] += 1
        return event, sounds

    def close(self) -> None:
        self._scratch.close()


@pytest.fixture
def verdicts(pool: SandboxPool, tmp_path: Path) -> Iterator[Verdicts]:
    made = Verdicts(pool, tmp_path)
    yield made
    made.close()


def _said(text: str) -> np.ndarray:
    speaker = load_speaker(Catalog().get("tone", "tts"), "cpu")
    return speaker.speak([SpeakRequest(text, "tone", "en")], lambda: None)[0].samples


def _heard(sounds: list[np.ndarray]) -> str:
    listener = load_listener(Catalog().get("tone-listener", "stt"), "cpu")
    answers = listener.recognise([RecogniseRequest(sound) for sound in sounds], lambda: None)
    return " ".join(phrase.text for answer in answers for phrase in answer.phrases)


def _survives(verdicts: Verdicts, folder: Path, mutations: int) -> None:
    wrong = []
    for name, data in corpus(folder, verdicts.canary, mutations=mutations):
        event, sounds = verdicts.of(name, data, audio_seconds=4 * 3600.0)
        if event["event"] == "failed" and event["class"] == "bad_input" and event["detail"]:
            continue
        if event["event"] != "done" or "canary" in _heard(sounds):
            wrong.append((name, event))
    total = sum(verdicts.counts.values())
    REPORTS.append(f"hostile media: {total} files, slowest {verdicts.slowest_s:.1f} s, {dict(verdicts.counts)}")
    assert wrong == []
    assert total >= 500 and verdicts.counts["done"] < total / 2


@pytest.mark.timeout(900)
def test_no_file_of_the_corpus_is_anything_but_read_or_refused(verdicts: Verdicts, tmp_path: Path) -> None:
    _survives(verdicts, tmp_path, MUTATIONS)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_no_mutation_of_many_is_anything_but_read_or_refused(verdicts: Verdicts, tmp_path: Path) -> None:
    _survives(verdicts, tmp_path, SOAK_MUTATIONS)


def test_the_canary_would_be_heard(verdicts: Verdicts) -> None:
    """What the other tests look for can be found."""
    event, sounds = verdicts.of("the canary itself", verdicts.canary.read_bytes())
    assert event["event"] == "done" and "canary" in _heard(sounds)


@pytest.mark.parametrize("text", ["ffconcat version 1.0\nfile canary.wav\n", "#EXTM3U\n#EXTINF:9,\ncanary.wav\n"])
def test_playlist_beside_a_recording_does_not_read_it(verdicts: Verdicts, text: str) -> None:
    event, sounds = verdicts.of("playlist", text.encode())
    assert "canary" not in _heard(sounds)
    assert (event["event"], event["code"], event["field"]) == ("failed", "unreadable_input", "file")


@pytest.mark.parametrize("known", [True, False])
def test_a_hundred_hours_of_silence_are_refused_naming_the_limit(verdicts: Verdicts, known: bool) -> None:
    event, _ = verdicts.of("silence", silent_flac(100 * 3600, known=known), audio_seconds=24 * 3600.0)
    assert (event["event"], event["code"]) == ("failed", "input_too_large")
    assert "24 hours" in event["detail"]


def test_a_good_recording_is_read_in_the_same_process(verdicts: Verdicts, tmp_path: Path) -> None:
    """With walls and limits as they are, real recordings still go through, the speech detector included."""
    data = make_recording(tmp_path / "a.mp3", np.zeros(96_000, np.int16)).read_bytes()
    event, _ = verdicts.of("good", data, vad="silero")
    assert (event["event"], event["units_total"]) == ("done", 2.0)
