"""The success of a chunk: the one place where work becomes part of a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from jobs.errors import LeaseLost
from jobs.job import Chunk, Claim, Commit, InputObject, Json, NewChunk
from jobs.states import ChunkState, JobState, Step

from .clock import db_now_ms
from .database import Database
from .endings import IDLE, end_if_idle, end_job, lock_job, note, still_held, stop_running
from .rows import CPU_QUEUE, new_chunk
from .tables import chunks, jobs

_Copies = Mapping[tuple[int, int], tuple[Chunk, InputObject]]


class Commits:
    """Commit, adopt, and the question after a lost answer."""

    _db: Database

    def commit(self, claim: Claim, commit: Commit) -> Sequence[str]:
        """See Store.commit."""
        return self._commit(claim, commit, {})

    def adopt(
        self, claim: Claim, parent_plan: Chunk, copies: Sequence[tuple[Chunk, InputObject]], commit: Commit
    ) -> Sequence[str]:
        """See Store.adopt."""
        return self._commit(claim, commit, {(chunk.round, chunk.idx): (chunk, copy) for chunk, copy in copies})

    def committed(self, claim: Claim, key: str) -> bool:
        """See Store.committed."""
        chunk = claim.chunk

        def transaction(connection: sa.Connection) -> bool:
            # A commit whose answer was lost may still be on its way: it holds the job's lock, so wait for that.
            lock_job(connection, chunk.job_id)
            done = sa.exists().where(
                chunks.c.id == chunk.id, chunks.c.state == "succeeded", chunks.c.fence == chunk.fence,
                chunks.c.result_key == key,
            )  # fmt: skip
            return bool(connection.scalar(sa.select(done)))

        return self._db.write(transaction)

    def _commit(self, claim: Claim, commit: Commit, copies: _Copies) -> Sequence[str]:
        def transaction(connection: sa.Connection) -> Sequence[str] | None:
            job = self._open_job(connection, claim)
            if job is None:
                return None
            self._succeed(connection, claim, commit)
            match claim.chunk.step:
                case Step.STITCH:
                    end_job(self._db, connection, job, JobState.SUCCEEDED, result=commit.result)
                    return ()
                case Step.PLAN:
                    return self._begin_work(connection, job, commit, copies)
                case Step.WORK:
                    return self._count_work(connection, job, claim, commit)

        queues = self._db.write(transaction)
        if queues is None:
            raise LeaseLost
        return queues

    def _open_job(self, connection: sa.Connection, claim: Claim) -> Any:
        """The locked row of a job that still wants results; None after ending a chunk whose job does not."""
        job = lock_job(connection, claim.chunk.job_id)
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
            sa.update(chunks)
            .where(*still_held(claim.chunk.id, claim.chunk.fence))
            .values(
                state="succeeded", result_key=part.key, result_sha256=part.sha256, result_bytes=part.bytes,
                notes=dict(commit.notes), finished_at=db_now_ms(), **IDLE,
            )
            .returning(chunks.c.id)
        ).one_or_none()  # fmt: skip
        if done is None:
            raise LeaseLost
        note(connection, [(claim.chunk.id, claim.chunk.fence)], "running", "succeeded")

    def _begin_work(self, connection: sa.Connection, job: Any, commit: Commit, copies: _Copies) -> Sequence[str]:
        """The plan is there: work chunks, or at once the stitch chunk when a retry brings all of them along."""
        new = commit.new_chunks
        kept = [each for each in new if (each.round, each.idx) in copies]
        row = connection.execute(
            sa.update(jobs)
            .where(jobs.c.id == job.id)
            .values(
                state=JobState.RUNNING.value, unit=commit.unit, units_total=commit.units_total, chunk_total=len(new),
                chunks_done=len(kept), units_done=sum(each.units for each in kept),
                provenance=_joined(job, commit.notes),
                started_at=sa.func.coalesce(jobs.c.started_at, db_now_ms()), updated_at=db_now_ms(),
            )
            .returning(jobs)
        ).one()  # fmt: skip
        self._insert_work(connection, row, new, copies)
        return self._queues(connection, row, [each for each in new if (each.round, each.idx) not in copies])

    def _count_work(self, connection: sa.Connection, job: Any, claim: Claim, commit: Commit) -> Sequence[str]:
        """One more part, and the follow-up chunks that it asks for."""
        new = commit.new_chunks
        values: dict[str, Any] = {
            "chunks_done": jobs.c.chunks_done + 1, "units_done": jobs.c.units_done + claim.chunk.units,
            "updated_at": db_now_ms(),
        }  # fmt: skip
        if new:
            values["chunk_total"] = jobs.c.chunk_total + len(new)
            values["units_total"] = jobs.c.units_total + sum(each.units for each in new)
        provenance = _joined(job, commit.notes)
        if provenance != job.provenance:
            values["provenance"] = provenance
        row = connection.execute(sa.update(jobs).where(jobs.c.id == job.id).values(values).returning(jobs)).one()
        self._insert_work(connection, row, new, {})
        return self._queues(connection, row, new)

    def _insert_work(self, connection: sa.Connection, job: Any, new: Sequence[NewChunk], copies: _Copies) -> None:
        ready, done = [], []
        for each in new:
            row = new_chunk(
                job, step=Step.WORK, queue=each.queue, round=each.round, idx=each.idx, units=each.units, span=each.span,
                input_keys=each.input_keys, now_ms=job.updated_at,
            )  # fmt: skip
            if copied := copies.get((each.round, each.idx)):
                done.append(row | _adopted(*copied, job.updated_at))
            else:
                ready.append(row)
        for rows in (ready, done):
            if rows:
                connection.execute(sa.insert(chunks), rows)
        note(connection, ((row["id"], 0) for row in done), "blocked", "succeeded", "adopted")

    def _queues(self, connection: sa.Connection, job: Any, new: Sequence[NewChunk]) -> Sequence[str]:
        """The queues with new work; adds the stitch chunk when no chunk of any round is open."""
        if job.chunks_done < job.chunk_total:
            return tuple(sorted({each.queue for each in new}))
        stitch = new_chunk(job, step=Step.STITCH, queue=CPU_QUEUE, now_ms=job.updated_at)
        connection.execute(sa.insert(chunks), stitch)
        connection.execute(sa.update(jobs).where(jobs.c.id == job.id).values(state=JobState.STITCHING.value))
        return (CPU_QUEUE,)


def _adopted(chunk: Chunk, copy: InputObject, now_ms: int) -> dict[str, Any]:
    return {
        "state": "succeeded", "result_key": copy.key, "result_sha256": copy.sha256, "result_bytes": copy.bytes,
        "notes": dict(chunk.notes), "finished_at": now_ms,
    }  # fmt: skip


def _joined(job: Any, notes: Json) -> Json:
    """The job's provenance with what this chunk adds: the first word on each question stays."""
    return {**notes.get("provenance", {}), **job.provenance}
