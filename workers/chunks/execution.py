"""One claimed chunk, from its claim to its commit: fetch → run → store → commit. Knows no Celery.

Nothing that happens to a chunk leaves `run`: every exception becomes a decision (outcomes.py) that is written down.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import structlog

from jobs.dispatch.dispatch import Dispatch
from jobs.errors import JobsError, LeaseLost, StoreUnavailable
from jobs.job import Claim, Commit
from jobs.settings import Settings
from jobs.states import ReleaseReason, Step
from jobs.storage.storage import Storage
from jobs.store import Store
from jobs.webhooks.message import WEBHOOK_QUEUE
from pipelines.catalog.catalog import Catalog
from pipelines.errors import PipelineError
from workers.chunks.steps.plan import PlanStep
from workers.chunks.steps.stitch import StitchStep
from workers.chunks.steps.work import WorkStep
from workers.engines.channel import Message
from workers.engines.engine import EngineDied, Engines, Run

from .chunk_reuse import Adoption
from .context import ChunkContext
from .heartbeat import Lease, LeaseKeeper
from .outcomes import ChunkFailed, Drop, End, Fail, GiveBack, Interrupted, Misbehaved, decide
from .slots import Lane
from .stored_objects import StoredObjects
from .workdir import ChunkFiles, Scratch

_log = structlog.get_logger(__name__)

#: Who goes back for these may be claimed again at once; for all others the sweeper rings when their time has come.
_AT_ONCE = (ReleaseReason.CRASH, ReleaseReason.INTERRUPT)
#: Seconds between looks at the lease while the engine works: how fast a cancel that the heartbeat brought is noticed.
_LOOK_EVERY_S = 0.5
#: Seconds between tries to write down an end that the store does not take.
_STORE_PAUSE_S = 1.0
#: Error classes that a child may name.
_CLASSES = ("bad_input", "engine", "storage", "timeout", "poison")


class StepOfChunk(Protocol):
    """What differs between plan, work and stitch."""

    def message(self) -> Message:
        """Bring the files that are needed from the start, and say what the child shall do."""

    def source(self, k: int) -> str | None:
        """Bring the k-th source and name it; None where there is none."""

    def look_ahead(self, k: int) -> None:
        """Bring the k-th source already, if there is one."""

    def store(self, name: str, path: Path, content_type: str) -> None:
        """Store a file that the child finished."""

    def commit(self, done: Message) -> tuple[Commit, Adoption | None]:
        """Store the part and say what is to be recorded; a plan says too what it keeps of its parent."""


_STEPS: dict[Step, Callable[[ChunkContext], StepOfChunk]] = {
    Step.PLAN: PlanStep,
    Step.WORK: WorkStep,
    Step.STITCH: StitchStep,
}


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
    scratch: Scratch

    def run(self, claim: Claim, *, lane: Lane, claimed_at: float) -> None:
        """Do the chunk and record how it ended. `claimed_at`: the monotonic clock just before the claim."""
        lease = Lease(claim, claimed_at=claimed_at)
        log = _log.bind(job=claim.job.id, chunk=claim.chunk.id, step=claim.chunk.step.value, fence=claim.chunk.fence)
        self.keeper.hold(lease)
        started = time.monotonic()
        try:
            with self.scratch.files(claim.chunk) as files:
                queues = self._attempt(lease, lane, files)
        except Exception as error:  # noqa: BLE001 – the task boundary: decided on, logged, and written down
            self._settle(lease, error, log)
        else:
            for queue, count in queues:
                self.dispatch.ring(queue, hint=claim.job.id, count=count)
            log.info("chunk_succeeded", seconds=round(time.monotonic() - started, 3))
        finally:
            self.keeper.drop(lease)

    # -- the run -----------------------------------------------------------------------------------------------------
    def _attempt(self, lease: Lease, lane: Lane, files: ChunkFiles) -> list[tuple[str, int]]:
        """Returns the queues that now have work, and how much."""
        claim = lease.claim
        objects = StoredObjects(self.storage, lease, files)
        context = ChunkContext(claim, files, objects, self.store, self.catalog, self.settings)
        step = _STEPS[claim.chunk.step](context)
        message = step.message()
        try:
            with self.engines.running(message, files.box, lane=lane, solo=claim.chunk.solo) as run:
                done = self._follow(run, lease, step, files)
        except EngineDied as died:
            _log.warning("engine_died_under_chunk", chunk=claim.chunk.id, detail=died.detail, said=files.last_words())
            raise
        lease.check()
        try:
            commit, adoption = step.commit(done)
        except (KeyError, TypeError, ValueError) as error:
            raise Misbehaved(f"what the child left is invalid ({type(error).__name__})") from error
        queues = self._commit(lease, commit, adoption)
        return [(queue, max(1, len(commit.new_chunks))) for queue in queues]

    def _follow(self, run: Run, lease: Lease, step: StepOfChunk, files: ChunkFiles) -> Message:
        """Serve the child until it is done; returns its last message."""
        heard_at = time.monotonic()
        while True:
            lease.silent_until = heard_at + run.stall_s
            lease.check()
            try:
                event = run.next(_LOOK_EVERY_S)
            except TimeoutError:
                if lease.is_engine_silent():
                    _log.error("engine_hangs", chunk=lease.claim.chunk.id, silent_s=round(time.monotonic() - heard_at))
                    run.kill()
                    # Its death is the next event; should even that not come, we look again after as long.
                    heard_at = time.monotonic()
                continue
            # While we are busy for the child its silence means nothing.
            lease.silent_until = None
            try:
                if event["event"] == "done":
                    return event
                self._serve(event, run, lease, step, files)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise Misbehaved(f"the child sent an invalid message ({type(error).__name__})") from error
            heard_at = time.monotonic()

    def _serve(self, event: Message, run: Run, lease: Lease, step: StepOfChunk, files: ChunkFiles) -> None:
        match event["event"]:
            case "progress":
                lease.progress = float(event["done"])
            case "file":
                step.store(event["name"], files.take(event["file"]), event["content_type"])
                run.send({"op": "stored"})
            case "need":
                k = int(event["k"])
                name = step.source(k)
                if name is None:
                    raise Misbehaved(f"there is no source {k}")
                run.send({"op": "source", "k": k, "file": name})
                # While the child reads this one, fetch the one that it will most likely want next.
                step.look_ahead(k + 1)
            case "failed":
                raise _failure(event)
            case "interrupted":
                lease.check()
                raise Interrupted
            case "tick" | "confined":
                pass
            case _:
                raise Misbehaved(f"unknown event {str(event['event'])[:40]!r}")

    # -- the end -----------------------------------------------------------------------------------------------------
    def _commit(self, lease: Lease, commit: Commit, adoption: Adoption | None) -> Sequence[str]:
        while True:
            lease.check()
            try:
                if adoption is not None:
                    return self.store.adopt(lease.claim, adoption.parent_plan, adoption.copies, commit)
                return self.store.commit(lease.claim, commit)
            except StoreUnavailable as error:
                _log.warning("commit_unknown", chunk=lease.claim.chunk.id, detail=error.detail)
            # It may have been committed all the same: look before trying again.
            if self._was_committed(lease, commit.part.key):
                return sorted({"cpu", WEBHOOK_QUEUE, *(new.queue for new in commit.new_chunks)})

    def _was_committed(self, lease: Lease, key: str) -> bool:
        while True:
            time.sleep(min(_STORE_PAUSE_S, lease.remaining_s()))
            lease.check()
            try:
                return self.store.committed(lease.claim, key)
            except StoreUnavailable:
                continue

    def _settle(self, lease: Lease, error: Exception, log: Any) -> None:
        """Write the decision down; while the store does not answer, as long as the lease allows."""
        decision = decide(error)
        log.warning(
            "chunk_not_done", decision=type(decision).__name__, error=type(error).__name__, **_log_fields(error)
        )
        if isinstance(decision, Drop):
            return
        while True:
            try:
                self._write_down(decision, lease.claim)
            except LeaseLost:
                return
            except StoreUnavailable:
                if lease.remaining_s() <= 0:
                    return
                time.sleep(min(_STORE_PAUSE_S, lease.remaining_s()))
            else:
                return

    def _write_down(self, decision: GiveBack | Fail | End, claim: Claim) -> None:
        match decision:
            case GiveBack(release):
                self.store.release(claim, release)
                if release.reason in _AT_ONCE and not release.delay_ms:
                    self.dispatch.ring(claim.chunk.queue, hint=claim.job.id)
            case Fail(error):
                self.store.fail(claim, error)
                self.dispatch.ring(WEBHOOK_QUEUE, hint=claim.job.id)
            case End():
                self.store.end_stopped(claim)
                self.dispatch.ring(WEBHOOK_QUEUE, hint=claim.job.id)


def _failure(event: Message) -> ChunkFailed:
    """The child's words, trusted no further than their length."""
    field = event.get("field")
    return ChunkFailed(
        str(event["detail"])[:1000],
        error_class=event["class"] if event["class"] in _CLASSES else "engine",
        code=str(event["code"])[:60],
        field=str(field)[:60] if field is not None else None,
        retryable=event["retryable"] is True,
        trace=str(event["trace"])[-4000:] if "trace" in event else None,
    )


def _log_fields(error: Exception) -> dict[str, object]:
    """What a log may tell of a failure. Words of the pipeline about a bad input, and of errors that nobody foresaw, may
    quote the input."""
    if isinstance(error, ChunkFailed):
        is_about_input = error.error["class"] == "bad_input"
        named = {name: error.error.get(name) for name in (("code", "field") if is_about_input else ("code", "detail"))}
        return {**named, **({"trace": error.trace} if error.trace else {})}
    if isinstance(error, PipelineError):
        return {"code": error.code, "field": error.field}
    if isinstance(error, Misbehaved):
        return {"detail": error.args[0]}
    if isinstance(error, (JobsError, EngineDied)):
        return {"detail": error.detail}
    if type(error).__module__ == "workers.chunks.outcomes":
        return {}
    return {"exc_info": error}
