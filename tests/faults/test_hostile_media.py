"""No uploaded recording makes its reader open another file, exhaust memory, hang or crash.

Each case is planned in a sandbox, as a worker does it. Beside its source is a recording of the word "canary", which
the process may read: only the decoder prevents a disguised playlist from reading it.
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

from jobs.child_environment import sandbox_environment
from jobs.chunk import Chunk
from jobs.states import ChunkState, Step
from pipelines.catalog.catalog import Catalog
from pipelines.families.tone import load_recogniser, load_synthesiser
from pipelines.family import SynthesisInput, TranscriptionInput
from pipelines.pipeline import Limits as PlanLimits
from tests.audio_factories import make_recording, make_wav
from tests.faults.hostile_media import build_corpus, silent_flac
from tests.faults.rig import REPORTS
from tests.services.machine_speed import deadline
from workers.chunks.workdir import Workdirs
from workers.engines.engine import StepRequest
from workers.engines.messages import (
    SOURCE_FILE,
    Confined,
    FileProduced,
    FileStored,
    PlanDone,
    PlanInput,
    Progress,
    StepEvent,
    StepFailed,
)
from workers.sandbox.confinement import ResourceLimits
from workers.sandbox.pool import SandboxPool

LIMITS = ResourceLimits(memory_bytes=1 << 30, cpu_s=math.ceil(deadline(30)), file_bytes=1 << 30)
MUTATIONS = 100
SOAK_MUTATIONS = 5_000


@pytest.fixture(scope="module")
def pool() -> Iterator[SandboxPool]:
    made = SandboxPool(LIMITS, stall_s=deadline(30), environment=sandbox_environment())
    assert made.wait_until_loaded(deadline(120))
    yield made
    made.close()


class Planner:
    """Plans recordings in the sandbox and counts the outcomes."""

    def __init__(self, pool: SandboxPool, folder: Path) -> None:
        self.counts: Counter[str] = Counter()
        self.slowest_s = 0.0
        self._pool = pool
        self._folder = folder
        self._workdirs = Workdirs(folder / "scratch")
        self.canary = make_wav(folder / "canary.wav", _synthesise("canary canary canary"))

    def plan(self, name: str, data: bytes, **limits: Any) -> tuple[StepEvent, list[np.ndarray]]:
        """The last event of the plan, and the samples of its parts."""
        chunk = Chunk(f"chk_{name}", "job_1", "t", Step.PLAN, 0, 0, "cpu", ChunkState.RUNNING, 1, 0.0, {})
        started = time.monotonic()
        with self._workdirs.create(chunk) as workdir:
            (workdir.path / SOURCE_FILE).write_bytes(data)
            shutil.copy(self.canary, workdir.path / "canary.wav")
            step = PlanInput(
                "stt.transcribe", {"source_name": name}, PlanLimits(**{"vad": "energy", **limits}), has_source=True
            )
            request = StepRequest(step, "tone-listener")
            with self._pool.start_run(request, workdir.path, lane="bulk", solo=False) as run:
                sounds = []
                while True:
                    event = run.next_event(deadline(60))
                    if isinstance(event, FileProduced):
                        sounds.append(np.fromfile(workdir.path / event.file, "<i2"))
                        run.send(FileStored())
                    elif not isinstance(event, Progress | Confined):
                        break
        self.slowest_s = max(self.slowest_s, time.monotonic() - started)
        self.counts[event.failure.code if isinstance(event, StepFailed) else type(event).__name__] += 1
        return event, sounds

    def close(self) -> None:
        self._workdirs.close()


@pytest.fixture
def planner(pool: SandboxPool, tmp_path: Path) -> Iterator[Planner]:
    made = Planner(pool, tmp_path)
    yield made
    made.close()


def _synthesise(text: str) -> np.ndarray:
    synthesiser = load_synthesiser(Catalog().get("tone", "tts"), "cpu")
    return synthesiser.synthesise([SynthesisInput(text, "tone", "en")], lambda: None)[0].samples


def _recognise(sounds: list[np.ndarray]) -> str:
    recogniser = load_recogniser(Catalog().get("tone-listener", "stt"), "cpu")
    answers = recogniser.transcribe([TranscriptionInput(sound) for sound in sounds], lambda: None)
    return " ".join(phrase.text for answer in answers for phrase in answer.phrases)


def _expect_read_or_rejected(planner: Planner, folder: Path, mutations: int) -> None:
    wrong = []
    for name, data in build_corpus(folder, planner.canary, mutations=mutations):
        event, sounds = planner.plan(name, data, audio_seconds=4 * 3600.0)
        if isinstance(event, StepFailed) and event.failure.error_class == "bad_input" and event.failure.detail:
            continue
        if not isinstance(event, PlanDone) or "canary" in _recognise(sounds):
            wrong.append((name, event))
    total = sum(planner.counts.values())
    REPORTS.append(f"hostile media: {total} files, slowest {planner.slowest_s:.1f} s, {dict(planner.counts)}")
    assert wrong == []
    assert total >= 500 and planner.counts["PlanDone"] < total / 2


@pytest.mark.timeout(900)
def test_no_file_of_the_corpus_is_anything_but_read_or_refused(planner: Planner, tmp_path: Path) -> None:
    _expect_read_or_rejected(planner, tmp_path, MUTATIONS)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_no_mutation_of_many_is_anything_but_read_or_refused(planner: Planner, tmp_path: Path) -> None:
    _expect_read_or_rejected(planner, tmp_path, SOAK_MUTATIONS)


def test_the_canary_would_be_recognised(planner: Planner) -> None:
    """The other tests would notice the canary."""
    event, sounds = planner.plan("the canary itself", planner.canary.read_bytes())
    assert isinstance(event, PlanDone) and "canary" in _recognise(sounds)


@pytest.mark.parametrize("text", ["ffconcat version 1.0\nfile canary.wav\n", "#EXTM3U\n#EXTINF:9,\ncanary.wav\n"])
def test_playlist_beside_a_recording_does_not_read_it(planner: Planner, text: str) -> None:
    event, sounds = planner.plan("playlist", text.encode())
    assert "canary" not in _recognise(sounds)
    assert isinstance(event, StepFailed)
    assert (event.failure.code, event.failure.field) == ("unreadable_input", "file")


@pytest.mark.parametrize("known", [True, False])
def test_a_hundred_hours_of_silence_are_refused_naming_the_limit(planner: Planner, known: bool) -> None:
    event, _ = planner.plan("silence", silent_flac(100 * 3600, known=known), audio_seconds=24 * 3600.0)
    assert isinstance(event, StepFailed)
    assert event.failure.code == "input_too_large"
    assert "24 hours" in event.failure.detail


def test_a_good_recording_is_read_in_the_same_process(planner: Planner, tmp_path: Path) -> None:
    """Restrictions and limits allow real recordings and the speech detector."""
    data = make_recording(tmp_path / "a.mp3", np.zeros(96_000, np.int16)).read_bytes()
    event, _ = planner.plan("good", data, vad="silero")
    assert isinstance(event, PlanDone) and event.units_total == 2.0
