"""One claimed chunk, from its claim to its commit: fetch → run → store → commit. Knows no Celery.

No exception leaves `run`: each becomes a decision (outcomes.py), which is recorded in the store.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import structlog

from jobs.chunk import Claim, Commit, ReusedChunk
from jobs.dispatch.dispatch import Dispatch
from jobs.errors import CorruptObject, DiskFull, InvalidKey, JobsError, LeaseLost, ObjectMissing, StoreUnavailable
from jobs.full_disk import is_full_disk
from jobs.settings import Settings
from jobs.states import CPU_QUEUE, ReleaseReason, Step
from jobs.storage.storage import Storage
from jobs.store import Store
from jobs.webhooks.delivery import WEBHOOK_QUEUE
from jobs.worker_counters import AUDIO_SECONDS, CHUNK_SECONDS, CHUNKS, ENGINE_SECONDS, FAILURES, WorkerCounters
from pipelines.catalog.catalog import Catalog
from pipelines.errors import PipelineError
from workers.chunks.steps.plan import PlanStep
from workers.chunks.steps.stitch import StitchStep
from workers.chunks.steps.work import WorkStep
from workers.engines.engine import ChunkRun, EngineDied, Engines, StepRequest
from workers.engines.messages import (
    Confined,
    FileProduced,
    FileStored,
    KeepAlive,
    Lane,
    PlanDone,
    Progress,
    SourceNeeded,
    SourceReady,
    StepDone,
    StepEvent,
    StepFailed,
    StepOutOfSpace,
    StepStopped,
    StitchDone,
    WorkDone,
)
from workers.engines.protocol import ProtocolViolation

from .context import ChunkContext
from .damaged_parts import find_damaged_parts
from .disk_space import DiskSpace
from .heartbeat import LeaseKeeper
from .lease import Lease
from .outcomes import (
    Abandon,
    Cancel,
    ChunkFailed,
    Decision,
    Fail,
    JobStopped,
    PartsDamaged,
    Requeue,
    Withdraw,
    WorkerStopping,
    decide,
)
from .stored_objects import StoredObjects
from .workdir import Workdir, Workdirs

_log = structlog.get_logger(__name__)

#: Chunks released for these reasons may be claimed again at once; for others the sweeper notifies when they are due.
_READY_AT_ONCE = (ReleaseReason.CRASH, ReleaseReason.INTERRUPT)
#: Seconds between checks of the lease while the engine works: how soon a cancel that the heartbeat brought is noticed.
_CHECK_LEASE_EVERY_S = 0.5
#: Seconds between two attempts to record an outcome that the store does not take.
_STORE_RETRY_S = 1.0


class ChunkStep(Protocol):
    """What differs between plan, work and stitch."""

    def prepare(self) -> StepRequest:
        """Fetch the files that are needed from the start, and build the request to the engine."""

    def fetch_source(self, k: int) -> str | None:
        """Fetch the k-th source; returns its file name, None where there is no such source."""

    def prefetch_source(self, k: int) -> None:
        """Fetch the k-th source ahead of time, if there is one."""

    def store_file(self, name: str, path: Path, content_type: str) -> None:
        """Store a file that the child finished."""

    def build_commit(self, done: StepDone) -> tuple[Commit, Sequence[ReusedChunk]]:
        """Store the part and build what is to be recorded; for a plan, with the chunks that it reuses of its parent."""


_STEPS: dict[Step, Callable[[ChunkContext], ChunkStep]] = {
    Step.PLAN: PlanStep,
    Step.WORK: WorkStep,
    Step.STITCH: StitchStep,
}
#: Queue → the step that a commit makes ready there; work in every other.
_NEXT_STEPS: Mapping[str, Step | None] = {CPU_QUEUE: Step.STITCH, WEBHOOK_QUEUE: None}


@dataclass(frozen=True, slots=True)
class Execution:
    """Runs claimed chunks in the engines of this worker, in the threads that call."""

    store: Store
    storage: Storage
    dispatch: Dispatch
    engines: Engines
    catalog: Catalog
    settings: Settings
    keeper: LeaseKeeper
    workdirs: Workdirs
    space: DiskSpace
    counters: WorkerCounters = field(default_factory=WorkerCounters)

    def run(self, claim: Claim, *, lane: Lane, claimed_at: float) -> None:
        """Run the chunk and record its outcome. `claimed_at`: the monotonic clock just before the claim."""
        lease = Lease(claim, claimed_at=claimed_at)
        job, chunk = claim.job, claim.chunk
        log = _log.bind(request=job.request_id, job=job.id, chunk=chunk.id, step=chunk.step.value, fence=chunk.fence)
        self.keeper.add(lease)
        started = time.monotonic()
        try:
            with self.workdirs.create(claim.chunk) as workdir:
                queues = self._attempt(lease, lane, workdir)
        except Exception as error:  # noqa: BLE001 – the task boundary: decided on, logged, and recorded
            self._record_failure(lease, error, log)
        else:
            for queue, count in queues:
                self.dispatch.notify(queue, job_id=claim.job.id, step=_NEXT_STEPS.get(queue, Step.WORK), count=count)
            seconds = time.monotonic() - started
            self.counters.add(CHUNKS, claim.job.model, claim.chunk.step.value, "succeeded")
            self.counters.add(CHUNK_SECONDS, claim.job.model, claim.chunk.step.value, value=seconds)
            log.info("chunk_succeeded", seconds=round(seconds, 3))
        finally:
            self.keeper.remove(lease)

    # -- the run -----------------------------------------------------------------------------------------------------
    def _attempt(self, lease: Lease, lane: Lane, workdir: Workdir) -> list[tuple[str, int]]:
        """Returns the queues that now have work, and how much."""
        claim = lease.claim
        objects = StoredObjects(self.storage, lease, workdir, installation_id=self._installation_id)
        context = ChunkContext(claim, workdir, objects, self.store, self.catalog, self.settings)
        step = _STEPS[claim.chunk.step](context)
        try:
            done = self._run_step(lease, lane, workdir, step)
        except (CorruptObject, ObjectMissing) as error:
            if damaged := find_damaged_parts(context):
                raise PartsDamaged(damaged, error) from error
            raise
        lease.check()
        commit, reused = step.build_commit(done)
        queues = self._commit(lease, commit, reused)
        if claim.chunk.step is Step.WORK:
            self.counters.add(ENGINE_SECONDS, claim.job.model, value=commit.notes.engine_s or 0.0)
            self.counters.add(AUDIO_SECONDS, claim.job.model, value=commit.notes.duration_s or 0.0)
        return [(queue, max(1, len(commit.new_chunks))) for queue in queues]

    def _run_step(self, lease: Lease, lane: Lane, workdir: Workdir, step: ChunkStep) -> StepDone:
        claim = lease.claim
        request = step.prepare()
        try:
            with self.engines.start_run(request, workdir.path, lane=lane, solo=claim.chunk.solo) as run:
                return self._serve_until_done(run, lease, step, workdir)
        except EngineDied as died:
            kept = self.workdirs.keep_stderr(claim.chunk, workdir)
            stderr = {} if kept is None else {"stderr": str(kept.path), "stderr_bytes": kept.bytes}
            _log.warning("engine_died_under_chunk", chunk=claim.chunk.id, detail=died.detail, **stderr)
            raise

    def _installation_id(self) -> str:
        return self.store.maintenance.installation_id()

    def _serve_until_done(self, run: ChunkRun, lease: Lease, step: ChunkStep, workdir: Workdir) -> StepDone:
        """Handle the child's events until its step is done."""
        last_event_at = time.monotonic()
        while True:
            lease.stalls_at = last_event_at + run.stall_s
            lease.check()
            try:
                event = run.next_event(_CHECK_LEASE_EVERY_S)
            except TimeoutError:
                if lease.is_stalled():
                    silent_s = round(time.monotonic() - last_event_at)
                    _log.error("engine_hangs", chunk=lease.claim.chunk.id, silent_s=silent_s)
                    run.kill()
                    # Its death is the next event; should even that not come, we check again after as long.
                    last_event_at = time.monotonic()
                continue
            # While we handle an event the child may be waiting for us.
            lease.stalls_at = None
            if isinstance(event, PlanDone | WorkDone | StitchDone):
                return event
            self._handle_event(event, run, lease, step, workdir)
            last_event_at = time.monotonic()

    def _handle_event(self, event: StepEvent, run: ChunkRun, lease: Lease, step: ChunkStep, workdir: Workdir) -> None:
        match event:
            case Progress():
                lease.progress = event.done
            case FileProduced():
                step.store_file(event.name, workdir.take_file(event.file), event.content_type)
                run.send(FileStored())
            case SourceNeeded():
                name = step.fetch_source(event.index)
                if name is None:
                    raise ProtocolViolation("the child asked for a source that the chunk does not have")
                run.send(SourceReady(event.index, name))
                # While the child reads this one, fetch the one that it will most likely want next.
                step.prefetch_source(event.index + 1)
            case StepFailed():
                raise ChunkFailed(event.failure, trace=event.trace)
            case StepOutOfSpace():
                raise DiskFull
            case StepStopped():
                lease.check()
                raise WorkerStopping
            case KeepAlive() | Confined():
                pass
            case _:
                raise ProtocolViolation(f"unexpected event {type(event).__name__}")

    # -- the outcome -------------------------------------------------------------------------------------------------
    def _commit(self, lease: Lease, commit: Commit, reused: Sequence[ReusedChunk]) -> Sequence[str]:
        while True:
            lease.check()
            try:
                if reused:
                    return self.store.chunks.commit_reused(lease.claim, reused, commit)
                return self.store.chunks.commit(lease.claim, commit)
            except StoreUnavailable as error:
                _log.warning("commit_unknown", chunk=lease.claim.chunk.id, detail=error.detail)
            # It may have been committed all the same: look before committing again.
            if self._is_committed(lease, commit.part.key):
                return sorted({CPU_QUEUE, WEBHOOK_QUEUE, *(new.queue for new in commit.new_chunks)})

    def _is_committed(self, lease: Lease, key: str) -> bool:
        while True:
            time.sleep(min(_STORE_RETRY_S, lease.remaining_s()))
            lease.check()
            try:
                return self.store.chunks.is_committed(lease.claim, key)
            except StoreUnavailable:
                continue

    def _record_failure(self, lease: Lease, error: Exception, log: Any) -> None:
        """Decide on the error and record the decision; while the store does not answer, as long as the lease allows."""
        decision = decide(error)
        if isinstance(error, DiskFull) or is_full_disk(error):
            self.space.report_full()
        self._count_failure(decision, lease.claim)
        log.warning(
            "chunk_not_done", decision=type(decision).__name__, error=type(error).__name__, **_log_fields(error)
        )
        if isinstance(decision, Abandon):
            return
        while True:
            try:
                self._record(decision, lease.claim)
            except LeaseLost:
                return
            except StoreUnavailable:
                if lease.remaining_s() <= 0:
                    return
                time.sleep(min(_STORE_RETRY_S, lease.remaining_s()))
            else:
                return

    def _count_failure(self, decision: Decision, claim: Claim) -> None:
        match decision:
            case Requeue(release):
                outcome, failure = release.reason.value, release.failure
            case Fail():
                outcome, failure = "failed", decision.failure
            case Withdraw():
                outcome, failure = "damaged", decision.failure
            case Cancel():
                outcome, failure = "cancelled", None
            case Abandon():
                outcome, failure = "abandoned", None
        self.counters.add(CHUNKS, claim.job.model, claim.chunk.step.value, outcome)
        if failure is not None:
            self.counters.add(FAILURES, claim.job.model, failure.error_class.value, failure.code)

    def _record(self, decision: Requeue | Fail | Withdraw | Cancel, claim: Claim) -> None:
        match decision:
            case Requeue(release):
                self.store.chunks.release(claim, release)
                if release.reason in _READY_AT_ONCE and not release.delay_ms:
                    self.dispatch.notify(claim.chunk.queue, job_id=claim.job.id, step=claim.chunk.step)
            case Fail(failure):
                self.store.chunks.fail(claim, failure)
                self.dispatch.notify(WEBHOOK_QUEUE, job_id=claim.job.id)
            case Withdraw(damaged, failure):
                for queue in self.store.chunks.withdraw(claim, damaged, failure) or (WEBHOOK_QUEUE,):
                    self.dispatch.notify(queue, job_id=claim.job.id, step=_NEXT_STEPS.get(queue, Step.WORK))
            case Cancel():
                self.store.chunks.stop(claim)
                self.dispatch.notify(WEBHOOK_QUEUE, job_id=claim.job.id)


def _log_fields(error: Exception) -> dict[str, object]:
    """The fields of an error that may be logged: texts of a child, and of unexpected errors, may quote the input."""
    if isinstance(error, ChunkFailed):
        # The text is for the job's owner, who finds it in the job.
        failure = error.failure
        return {"code": failure.code, "field": failure.field, **({"trace": error.trace} if error.trace else {})}
    if isinstance(error, PipelineError):
        return {"code": error.code, "field": error.field}
    if isinstance(error, ProtocolViolation):
        return {"detail": error.args[0]}
    if isinstance(error, InvalidKey):
        # Its text quotes the key, which may end in a name that the child chose.
        return {"code": error.code}
    if isinstance(error, (JobsError, EngineDied)):
        return {"detail": error.detail}
    if isinstance(error, PartsDamaged):
        return {"parts": len(error.chunks), "detail": error.cause.detail}
    if isinstance(error, (JobStopped, WorkerStopping)):
        return {}
    return {"exc_info": error}
