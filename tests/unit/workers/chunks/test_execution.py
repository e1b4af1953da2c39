"""One chunk against scripted engines: which outcome each event leads to. With real engines: tests/integration."""

from __future__ import annotations

import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from jobs.chunk import Chunk, Claim, Commit, Release
from jobs.errors import InvalidKey, StoreUnavailable
from jobs.failure import ErrorClass, Failure
from jobs.job import Job
from jobs.settings import Settings
from jobs.states import ChunkState, JobState, Priority, ReleaseReason, Step
from jobs.storage.directory_storage import DirectoryStorage
from jobs.storage.object_keys import check_segment
from pipelines.catalog.catalog import Catalog
from workers.chunks.disk_space import DiskSpace
from workers.chunks.execution import Execution, _log_fields
from workers.chunks.heartbeat import LeaseKeeper
from workers.chunks.steps.work import WorkStep
from workers.chunks.workdir import Workdirs
from workers.engines.engine import EngineDied, StepRequest
from workers.engines.messages import (
    Command,
    EngineReady,
    FileProduced,
    Idle,
    KeepAlive,
    PlanDone,
    Progress,
    SourceNeeded,
    StepFailed,
    StepOutOfSpace,
    StepStopped,
    WorkDone,
)
from workers.engines.protocol import ProtocolViolation


class Run:
    """A run whose events are written down; an exception among them is raised."""

    stall_s = 60.0

    def __init__(self, events: Sequence[Any]) -> None:
        self.events = list(events)
        self.commands: list[Command] = []
        self.killed = 0

    def next_event(self, timeout_s: float) -> Any:
        event = self.events.pop(0)
        if isinstance(event, Exception):
            raise event
        return event

    def send(self, command: Command) -> None:
        self.commands.append(command)

    def kill(self) -> None:
        self.killed += 1


class Engines:
    """Writes `files` into the working directory of a run and starts it."""

    def __init__(self, run: Run, files: Sequence[str]) -> None:
        self.run = run
        self.files = files
        self.requests: list[StepRequest] = []

    @contextmanager
    def start_run(self, request: StepRequest, directory: Path, *, lane: str, solo: bool) -> Iterator[Run]:
        self.requests.append(request)
        for name in self.files:
            (directory / name).write_text(name)
        yield self.run


class Chunks:
    """A chunk queue that notes what is recorded, and fails as it is told to."""

    def __init__(self) -> None:
        self.recorded: list[Any] = []
        self.errors: list[Exception] = []

    def _note(self, what: Any) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.recorded.append(what)

    def commit(self, claim: Claim, commit: Commit) -> Sequence[str]:
        self._note(commit)
        return ["cpu"]

    def is_committed(self, claim: Claim, key: str) -> bool:
        return False

    def release(self, claim: Claim, release: Release) -> None:
        self._note(release)

    def fail(self, claim: Claim, failure: Failure) -> None:
        self._note(failure)

    def stop(self, claim: Claim) -> None:
        self._note("stopped")


class Dispatch:
    def __init__(self) -> None:
        self.notified: list[tuple[str, int]] = []

    def notify(self, queue: str, *, job_id: str = "", step: Step | None = None, count: int = 1) -> None:
        self.notified.append((queue, count))


class Place:
    """An execution with scripted engines."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.chunks, self.dispatch = Chunks(), Dispatch()
        self.storage = DirectoryStorage(directory / "objects")
        self.space = DiskSpace((directory,), 0)

    def run(self, *events: Any, files: Sequence[str] = ("part",)) -> Run:
        """Run a work chunk whose engine sends these events."""
        run = Run(events)
        self.engines = Engines(run, files)
        job = Job(
            "job_1",
            "t",
            "tts.synthesize",
            "tone",
            JobState.RUNNING,
            Priority.NORMAL,
            {},
            {},
            0,
            0,
            0,
            request_id="req-17",
        )
        chunk = Chunk("chk_1", "job_1", "t", Step.WORK, 1, 0, "tts.tone", ChunkState.RUNNING, 1, 1.0, {"idx": 0})
        workdirs = Workdirs(self.directory / "scratch")
        execution = Execution(
            SimpleNamespace(chunks=self.chunks),  # type: ignore[arg-type]
            self.storage,
            self.dispatch,  # type: ignore[arg-type]
            self.engines,  # type: ignore[arg-type]
            Catalog(),
            Settings(data_dir=self.directory),
            LeaseKeeper(self.chunks, every_s=3600),  # type: ignore[arg-type]
            workdirs,
            self.space,
        )
        execution.run(Claim(job, chunk, 60_000), lane="bulk", claimed_at=time.monotonic())
        assert execution.keeper.leases() == []
        self.counts = {(each.name, *each.labels): each.value for each in execution.counters.values()}
        assert list((self.directory / "scratch").rglob("chk_1*")) == []
        return run


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


DONE = WorkDone("part", 1.5, 2.0, {"revision": "7"})


def test_the_line_of_a_chunk_names_its_job_and_the_request_that_submitted_it(place: Place) -> None:
    with capture_logs() as logs:
        place.run(DONE)
    (line,) = [log for log in logs if log["event"] == "chunk_succeeded"]
    assert (line["request"], line["job"], line["chunk"]) == ("req-17", "job_1", "chk_1")


def test_a_part_is_stored_committed_and_notified(place: Place) -> None:
    place.run(KeepAlive(), Progress(0.5), TimeoutError(), DONE)
    (commit,) = place.chunks.recorded
    assert place.storage.stat(commit.part.key) == 4
    assert commit.notes.duration_s == 2.0
    assert commit.notes.provenance == {"engine_entry": "tone", "revision": "7"}
    assert place.dispatch.notified == [("cpu", 1)]
    assert place.counts["voicemill_chunks", "tone", "work", "succeeded"] == 1
    assert place.counts["voicemill_chunk_seconds", "tone", "work"] > 0
    assert place.counts["voicemill_audio_seconds", "tone"] == 2.0
    assert place.counts["voicemill_engine_seconds", "tone"] == commit.notes.engine_s


@pytest.mark.parametrize(
    "events",
    [
        [SourceNeeded(0)],  # the chunk has none
        [SourceNeeded(-1)],
        [FileProduced("a", "part", "audio/wav")],  # a work chunk leaves its part alone
        [Idle()],
        [EngineReady(1)],
        [PlanDone(1.0, "characters", 1)],
        [WorkDone("missing", 1.0)],
        [WorkDone("../part", 1.0)],
        [ProtocolViolation("unknown event 'x'")],
    ],
    ids=lambda events: type(events[0]).__name__,
)
def test_a_child_that_breaks_the_protocol_is_retried_and_not_quoted(place: Place, events: list[Any]) -> None:
    place.run(*events)
    (release,) = place.chunks.recorded
    assert (release.reason, release.failure.code) == (ReleaseReason.RETRY, "internal_error")
    assert release.failure.detail == "The server failed unexpectedly."


def test_a_child_without_room_is_an_outage_and_stops_claims(place: Place) -> None:
    place.run(StepOutOfSpace())
    assert place.chunks.recorded == [Release(ReleaseReason.SNOOZE, charge=False)]
    assert place.space.is_short()


def test_no_room_for_a_file_of_the_controller_is_an_outage_and_stops_claims(place: Place) -> None:
    (place.directory / "scratch").mkdir()
    place.storage.put_file = lambda *_, **__: Path("/dev/full").write_text("x")  # type: ignore[method-assign]  # a fault
    place.run(DONE)
    assert place.chunks.recorded == [Release(ReleaseReason.SNOOZE, charge=False)]
    assert place.space.is_short()


def test_bad_input_fails_for_good_and_its_text_is_not_logged(place: Place) -> None:
    failure = Failure(ErrorClass.BAD_INPUT, "bad_input", "There is no 'secret' here.", "text")
    with capture_logs() as logs:
        place.run(StepFailed(failure))
    assert place.chunks.recorded == [failure]
    assert place.dispatch.notified == [("webhook", 1)]
    assert place.counts["voicemill_chunks", "tone", "work", "failed"] == 1
    assert place.counts["voicemill_chunk_failures", "tone", "bad_input", "bad_input"] == 1
    (log,) = [log for log in logs if log["event"] == "chunk_not_done"]
    assert (log["decision"], log["code"], log["field"]) == ("Fail", "bad_input", "text")
    assert "secret" not in str(logs)


def test_an_engine_failure_is_retried_and_its_trace_logged(place: Place) -> None:
    failure = Failure(ErrorClass.ENGINE, "internal_error", "The engine failed.", retryable=True)
    with capture_logs() as logs:
        place.run(StepFailed(failure, trace="a.py, line 1"))
    assert place.chunks.recorded == [Release(ReleaseReason.RETRY, failure=failure)]
    assert place.counts["voicemill_chunks", "tone", "work", "retry"] == 1
    assert place.counts["voicemill_chunk_failures", "tone", "engine", "internal_error"] == 1
    assert logs[-1]["trace"] == "a.py, line 1"


@pytest.mark.parametrize(
    "events",
    [
        [StepFailed(Failure(ErrorClass.ENGINE, "engine_failure", "The model cannot say 'secret'.", retryable=True))],
        [StepFailed(Failure(ErrorClass.ENGINE, "internal_error", "secret", retryable=False))],
        [FileProduced("secret", "secret", "audio/wav")],
        [WorkDone("secret", 1.0)],
        [WorkDone("secret/part", 1.0)],
    ],
    ids=["failure that is retried", "failure for good", "another file", "missing part", "part elsewhere"],
)
def test_what_a_child_says_is_not_logged(place: Place, events: list[Any]) -> None:
    with capture_logs() as logs:
        place.run(*events)
    assert [log["event"] for log in logs] == ["chunk_not_done"]
    assert "secret" not in str(logs)


def test_a_name_that_cannot_be_in_a_key_is_not_logged() -> None:
    with pytest.raises(InvalidKey) as refused:
        check_segment("a secret")
    assert _log_fields(refused.value) == {"code": "invalid_key"}


@pytest.mark.parametrize(("method", "event"), [("fetch_source", SourceNeeded(0)), ("build_commit", DONE)])
def test_an_error_of_our_own_code_is_not_one_of_the_child(
    place: Place, monkeypatch: pytest.MonkeyPatch, method: str, event: Any
) -> None:
    def fail(*_arguments: Any) -> None:
        raise KeyError("ours")

    monkeypatch.setattr(WorkStep, method, fail)
    with capture_logs() as logs:
        place.run(event)
    assert (logs[-1]["error"], type(logs[-1]["exc_info"])) == ("KeyError", KeyError)
    (release,) = place.chunks.recorded
    assert (release.reason, release.failure.code) == (ReleaseReason.RETRY, "internal_error")


def test_a_dead_engine_is_charged_and_what_it_printed_kept_out_of_the_log(place: Place) -> None:
    with capture_logs() as logs:
        place.run(EngineDied("The engine ended: signal 11.", alone=True), files=["stderr.txt"])
    (release,) = place.chunks.recorded
    assert (release.reason, release.failure.code) == (ReleaseReason.CRASH, "poison")
    kept = Path(logs[0]["stderr"])
    assert (kept.read_text(), logs[0]["stderr_bytes"]) == ("stderr.txt", 10)
    assert stat.filemode(kept.stat().st_mode) == "-rw-------"
    assert "stderr.txt" not in str(logs)
    assert place.dispatch.notified == [("tts.tone", 1)]


def test_a_run_that_was_stopped_is_released_uncharged(place: Place) -> None:
    place.run(StepStopped())
    assert place.chunks.recorded == [Release(ReleaseReason.INTERRUPT, charge=False)]


def test_a_silent_engine_is_killed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Run, "stall_s", -1.0)
    run = place.run(TimeoutError(), TimeoutError(), EngineDied("it hung", alone=True))
    assert run.killed >= 1


def test_an_outcome_is_recorded_again_until_the_store_takes_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.chunks.execution._STORE_RETRY_S", 0.0)
    place.chunks.errors = [StoreUnavailable(), StoreUnavailable()]
    place.run(DONE)
    assert len(place.chunks.recorded) == 1
    place.chunks.errors = [StoreUnavailable(), StoreUnavailable()]
    place.run(StepStopped())
    assert len(place.chunks.recorded) == 2
