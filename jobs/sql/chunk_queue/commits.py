"""Commits: the one place where the work of a chunk becomes part of its job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam

from jobs.chunk import ChunkNotes, Claim, Commit, NewChunk, ReusedChunk
from jobs.errors import LeaseLost
from jobs.job import Json
from jobs.sql.clock import db_now_ms
from jobs.sql.database import Database
from jobs.sql.rows import new_chunk
from jobs.sql.tables import chunks, jobs
from jobs.sql.webhooks.outbox import enqueue_job_webhooks
from jobs.states import CPU_QUEUE, ChunkState, JobState, Step
from jobs.webhooks.delivery import WEBHOOK_QUEUE

from .transitions import IDLE, close_job, end_if_idle, lock_job, record_transitions, still_held, stop_running

#: By round and number.
_Copies = Mapping[tuple[int, int], ReusedChunk]

# Statements are built once, because building them takes longer than running them.

_SUCCEED = (
    sa.update(chunks)
    .where(*still_held(bindparam("of_chunk"), bindparam("of_fence")))
    .values(
        state="succeeded",
        result_key=bindparam("key"),
        result_sha256=bindparam("sha256"),
        result_bytes=bindparam("size"),
        notes=bindparam("new_notes"),
        finished_at=db_now_ms(),
        **IDLE,
    )
    .returning(chunks.c.id)
)
#: The job's columns that counting needs; without `params`, which may be megabytes.
_COUNTED_COLUMNS = (
    jobs.c.id,
    jobs.c.tenant_id,
    jobs.c.priority,
    jobs.c.created_at,
    jobs.c.updated_at,
    jobs.c.chunks_done,
    jobs.c.chunk_total,
)
_BEGIN_WORK = (
    sa.update(jobs)
    .where(jobs.c.id == bindparam("of_job"))
    .values(
        state=bindparam("to_state"),
        unit=bindparam("of_unit"),
        units_total=bindparam("units"),
        chunk_total=bindparam("total"),
        chunks_done=bindparam("reused"),
        units_done=bindparam("units_reused"),
        provenance=bindparam("origin"),
        started_at=sa.func.coalesce(jobs.c.started_at, db_now_ms()),
        updated_at=db_now_ms(),
    )
    .returning(*_COUNTED_COLUMNS)
)
_COUNT_WORK = (
    sa.update(jobs)
    .where(jobs.c.id == bindparam("of_job"))
    .values(
        chunks_done=jobs.c.chunks_done + 1,
        units_done=jobs.c.units_done + bindparam("done", type_=sa.Float),
        chunk_total=jobs.c.chunk_total + bindparam("more", type_=sa.Integer),
        units_total=jobs.c.units_total + bindparam("more_units", type_=sa.Float),
        provenance=bindparam("origin"),
        state=sa.case(
            (
                jobs.c.chunks_done + 1 >= jobs.c.chunk_total + bindparam("more", type_=sa.Integer),
                JobState.STITCHING.value,
            ),
            else_=jobs.c.state,
        ),
        updated_at=db_now_ms(),
    )
    .returning(*_COUNTED_COLUMNS)
)
_INSERT_CHUNK = sa.insert(chunks)


class Commits:
    """Commits make running chunks succeeded."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def commit(self, claim: Claim, commit: Commit) -> Sequence[str]:
        """See ChunkQueue.commit."""
        return self._commit(claim, commit, {})

    def commit_reused(self, claim: Claim, reused: Sequence[ReusedChunk], commit: Commit) -> Sequence[str]:
        """See ChunkQueue.commit_reused."""
        return self._commit(claim, commit, {(each.chunk.round, each.chunk.idx): each for each in reused})

    def is_committed(self, claim: Claim, key: str) -> bool:
        """See ChunkQueue.is_committed."""
        chunk = claim.chunk

        def transaction(connection: sa.Connection) -> bool:
            # A commit whose answer was lost may still run: it holds the lock of the job, so wait for that.
            lock_job(connection, chunk.job_id, lean=True)
            done = sa.exists().where(
                chunks.c.id == chunk.id,
                chunks.c.state == "succeeded",
                chunks.c.fence == chunk.fence,
                chunks.c.result_key == key,
            )
            return bool(connection.scalar(sa.select(done)))

        return self._db.write(transaction)

    def _commit(self, claim: Claim, commit: Commit, copies: _Copies) -> Sequence[str]:
        def transaction(connection: sa.Connection) -> Sequence[str] | None:
            job = self._lock_open_job(connection, claim)
            if job is None:
                return None
            self._succeed(connection, claim, commit)
            match claim.chunk.step:
                case Step.STITCH:
                    row = close_job(
                        connection, job, JobState.SUCCEEDED, result=commit.result, drops_parts=commit.drops_parts
                    )
                    return (WEBHOOK_QUEUE,) if enqueue_job_webhooks(self._db, connection, row) else ()
                case Step.PLAN:
                    return self._begin_work(connection, job, commit, copies)
                case Step.WORK:
                    return self._count_work(connection, job, claim, commit)

        queues = self._db.write(transaction)
        if queues is None:
            raise LeaseLost
        return queues

    def _lock_open_job(self, connection: sa.Connection, claim: Claim) -> Any:
        """Lock the row of a job whose results are still wanted; None after ending the chunk of any other job."""
        job = lock_job(connection, claim.chunk.job_id, lean=True)
        if job is None:
            raise LeaseLost
        if job.finished_at is None and job.cancel_requested_at is None:
            return job
        if stop_running(connection, claim.chunk.id, claim.chunk.fence, state=ChunkState.CANCELLED, reason="late"):
            end_if_idle(self._db, connection, job)
        return None

    def _succeed(self, connection: sa.Connection, claim: Claim, commit: Commit) -> None:
        part = commit.part
        done = connection.execute(
            _SUCCEED,
            {
                "of_chunk": claim.chunk.id,
                "of_fence": claim.chunk.fence,
                "key": part.key,
                "sha256": part.sha256,
                "size": part.bytes,
                "new_notes": commit.notes.to_json(),
            },
        ).one_or_none()
        if done is None:
            raise LeaseLost
        record_transitions(connection, [(claim.chunk.id, claim.chunk.fence)], "running", "succeeded")

    def _begin_work(self, connection: sa.Connection, job: Any, commit: Commit, copies: _Copies) -> Sequence[str]:
        """Insert the work chunks of a committed plan, or the stitch chunk where all of them are reused."""
        new = commit.new_chunks
        reused = [each for each in new if (each.round, each.idx) in copies]
        state = JobState.STITCHING if len(reused) == len(new) else JobState.RUNNING
        row = connection.execute(
            _BEGIN_WORK,
            {
                "of_job": job.id,
                "to_state": state.value,
                "of_unit": commit.unit,
                "units": commit.units_total,
                "total": len(new),
                "reused": len(reused),
                "units_reused": sum(each.units for each in reused),
                "origin": _merge_provenance(job, commit.notes),
            },
        ).one()
        self._insert_work(connection, row, new, copies)
        return self._insert_stitch_when_done(
            connection, row, [each for each in new if (each.round, each.idx) not in copies]
        )

    def _count_work(self, connection: sa.Connection, job: Any, claim: Claim, commit: Commit) -> Sequence[str]:
        """Count a committed work chunk and insert the follow-up chunks that it asks for."""
        new = commit.new_chunks
        row = connection.execute(
            _COUNT_WORK,
            {
                "of_job": job.id,
                "done": claim.chunk.units,
                "more": len(new),
                "more_units": sum(each.units for each in new),
                "origin": _merge_provenance(job, commit.notes),
            },
        ).one()
        self._insert_work(connection, row, new, {})
        return self._insert_stitch_when_done(connection, row, new)

    def _insert_work(self, connection: sa.Connection, job: Any, new: Sequence[NewChunk], copies: _Copies) -> None:
        ready, done = [], []
        for each in new:
            row = new_chunk(
                job,
                step=Step.WORK,
                queue=each.queue,
                round=each.round,
                idx=each.idx,
                units=each.units,
                span=each.span,
                input_keys=each.input_keys,
                now_ms=job.updated_at,
            )
            if copied := copies.get((each.round, each.idx)):
                done.append(row | _reused_columns(copied, job.updated_at))
            else:
                ready.append(row)
        for rows in (ready, done):
            if rows:
                # A single row avoids the batch mode of the driver.
                connection.execute(_INSERT_CHUNK, rows if len(rows) > 1 else rows[0])
        record_transitions(connection, ((row["id"], 0) for row in done), "blocked", "succeeded", "adopted")

    def _insert_stitch_when_done(self, connection: sa.Connection, job: Any, new: Sequence[NewChunk]) -> Sequence[str]:
        """The queues with new work. Inserts the stitch chunk when no work chunk of any round is open."""
        if job.chunks_done < job.chunk_total:
            return tuple(sorted({each.queue for each in new}))
        stitch = new_chunk(job, step=Step.STITCH, queue=CPU_QUEUE, now_ms=job.updated_at)
        # It is there already where it found a damaged part, which was made again now (withdrawals.py).
        insert = self._db.insert(chunks)
        row = connection.execute(
            insert.on_conflict_do_update(
                index_elements=["job_id", "step", "round", "idx"],
                set_={"state": "ready", "available_at": insert.excluded.available_at},
                where=chunks.c.state == "blocked",
            ).returning(chunks.c.id, chunks.c.fence),
            stitch,
        ).one()
        if row.id != stitch["id"]:
            record_transitions(connection, [(row.id, row.fence)], "blocked", "ready", "parts_complete")
        return (CPU_QUEUE,)


def _reused_columns(reused: ReusedChunk, now_ms: int) -> dict[str, Any]:
    part = reused.part
    return {
        "state": "succeeded",
        "result_key": part.key,
        "result_sha256": part.sha256,
        "result_bytes": part.bytes,
        "notes": reused.chunk.notes.to_json(),
        "finished_at": now_ms,
    }


def _merge_provenance(job: Any, notes: ChunkNotes) -> Json:
    """The job's provenance with what this chunk adds: a name that is there keeps its value."""
    return {**(notes.provenance or {}), **job.provenance}
