"""Builds jobs and drives them through a store, as workers would. Valid by default; name only what a test is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from jobs.job import Claim, Commit, Job, NewChunk, NewJob, StoredPart
from jobs.sql import SqlStore

LEASE_MS = 60_000
QUEUE = "tts.tone"


def new_job(**changes: Any) -> NewJob:
    """A job of the tenant `acme`."""
    fields: dict[str, Any] = {
        "tenant_id": "acme",
        "kind": "tts.synthesize",
        "model": "tone",
        "params": {"text": "Hi."},
        "labels": {"n": "1"},
    }
    return NewJob(**(fields | changes))


def accept(store: SqlStore, **changes: Any) -> Job:
    return store.accept(new_job(**changes)).job


def claim(store: SqlStore, queue: str = "cpu", worker: str = "ins:host:cpu:1", **options: Any) -> Claim:
    """Claim one chunk, which must be there."""
    found = store.claim([queue], worker, lease_ms=LEASE_MS, **options)
    assert found is not None, f"nothing to claim in {queue}"
    return found


def part(claimed: Claim, name: str = "") -> StoredPart:
    """The object that this attempt would have stored."""
    chunk = claimed.chunk
    place = f"{chunk.step}-{chunk.round}-{chunk.idx}-{chunk.fence}-{name or 'feedfacefeedface'}"
    return StoredPart(f"jobs/{chunk.tenant_id}/{chunk.job_id}/parts/{place}", "f" * 64, 12)


def work_chunks(count: int, *, queue: str = QUEUE, **changes: Any) -> list[NewChunk]:
    return [NewChunk(idx=idx, queue=queue, units=10.0, span={"idx": idx}, **changes) for idx in range(count)]


def plan(claimed: Claim, count: int = 2, *, queue: str = QUEUE) -> Commit:
    """The commit of a plan of `count` chunks."""
    return Commit(
        part(claimed), new_chunks=work_chunks(count, queue=queue), units_total=10.0 * count, unit="characters"
    )


def result(claimed: Claim) -> Commit:
    """The commit of a stitch."""
    key = f"jobs/{claimed.job.tenant_id}/{claimed.job.id}/result/{claimed.chunk.fence}/audio.wav"
    file = {"name": "audio.wav", "content_type": "audio/wav", "bytes": 12, "sha256": "f" * 64, "key": key}
    return Commit(part(claimed), result={"duration_s": 1.0, "files": [file]})


def planned(store: SqlStore, count: int = 2, *, queue: str = QUEUE, **changes: Any) -> Job:
    """A job whose work chunks are ready."""
    job = accept(store, **changes)
    claimed = claim(store)
    assert claimed.job.id == job.id
    store.commit(claimed, plan(claimed, count, queue=queue))
    return store.job(job.tenant_id, job.id)


def worked(store: SqlStore, count: int = 2, **changes: Any) -> Job:
    """A job whose stitch chunk is ready."""
    job = planned(store, count, **changes)
    for _ in range(count):
        claimed = claim(store, QUEUE)
        store.commit(claimed, Commit(part(claimed)))
    return store.job(job.tenant_id, job.id)


def finished(store: SqlStore, count: int = 2, **changes: Any) -> Job:
    """A job that succeeded."""
    job = worked(store, count, **changes)
    claimed = claim(store)
    store.commit(claimed, result(claimed))
    return store.job(job.tenant_id, job.id)


def sql(store: SqlStore, statement: str, **values: Any) -> Sequence[Any]:
    """Run SQL beside the store: how tests make time pass, or break a row on purpose."""

    def transaction(connection: sa.Connection) -> Sequence[Any]:
        answer = connection.execute(sa.text(statement), values)
        return answer.all() if answer.returns_rows else []

    return store._db.write(transaction)


def let_leases_expire(store: SqlStore, by_ms: int = 1) -> None:
    now = store.now_ms()
    sql(store, "UPDATE chunks SET lease_expires_at = :at WHERE state = 'running'", at=now - by_ms)


def broken(store: SqlStore) -> dict[str, Any]:
    """The invariants that do not hold, by name."""
    return {name: rows for name, rows in store.audit().items() if rows}
