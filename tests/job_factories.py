"""Factories of jobs in every state, and SQL beside the store. Arguments are valid by default."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from jobs.chunk import Claim, Commit, NewChunk
from jobs.job import Job, NewJob
from jobs.sql import SqlStore
from jobs.storage.object_keys import reference_key
from jobs.stored_object import StoredObject
from jobs.voice import NewVoice
from jobs.webhooks.delivery import Delivery

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


def submit_job(store: SqlStore, **changes: Any) -> Job:
    return store.jobs.submit(new_job(**changes)).job


def claim_chunk(store: SqlStore, queue: str = "cpu", worker: str = "ins:host:cpu:1", **options: Any) -> Claim:
    """Claim one chunk, which must be there."""
    found = store.chunks.claim([queue], worker, lease_ms=LEASE_MS, **options)
    assert found is not None, f"nothing to claim in {queue}"
    return found


def make_part(claimed: Claim, name: str = "") -> StoredObject:
    """The object that this attempt would have stored."""
    chunk = claimed.chunk
    place = f"{chunk.step}-{chunk.round}-{chunk.idx}-{chunk.fence}-{name or 'feedfacefeedface'}"
    return StoredObject(f"jobs/{chunk.tenant_id}/{chunk.job_id}/parts/{place}", "f" * 64, 12)


def make_work_chunks(count: int, *, queue: str = QUEUE, **changes: Any) -> list[NewChunk]:
    return [NewChunk(idx=idx, queue=queue, units=10.0, span={"idx": idx}, **changes) for idx in range(count)]


def make_plan(claimed: Claim, count: int = 2, *, queue: str = QUEUE) -> Commit:
    """The commit of a plan of `count` chunks."""
    return Commit(
        make_part(claimed), new_chunks=make_work_chunks(count, queue=queue), units_total=10.0 * count, unit="characters"
    )


def make_result(claimed: Claim) -> Commit:
    """The commit of a stitch."""
    key = f"jobs/{claimed.job.tenant_id}/{claimed.job.id}/result/{claimed.chunk.fence}/audio.wav"
    file = {"name": "audio.wav", "content_type": "audio/wav", "bytes": 12, "sha256": "f" * 64, "key": key}
    return Commit(make_part(claimed), result={"duration_s": 1.0, "files": [file]})


def make_planned_job(store: SqlStore, count: int = 2, *, queue: str = QUEUE, **changes: Any) -> Job:
    """A job whose work chunks are ready."""
    job = submit_job(store, **changes)
    claimed = claim_chunk(store)
    assert claimed.job.id == job.id
    store.chunks.commit(claimed, make_plan(claimed, count, queue=queue))
    return store.jobs.get(job.tenant_id, job.id)


def make_worked_job(store: SqlStore, count: int = 2, **changes: Any) -> Job:
    """A job whose stitch chunk is ready."""
    job = make_planned_job(store, count, **changes)
    for _ in range(count):
        claimed = claim_chunk(store, QUEUE)
        store.chunks.commit(claimed, Commit(make_part(claimed)))
    return store.jobs.get(job.tenant_id, job.id)


def make_finished_job(store: SqlStore, count: int = 2, **changes: Any) -> Job:
    """A job that succeeded."""
    job = make_worked_job(store, count, **changes)
    claimed = claim_chunk(store)
    store.chunks.commit(claimed, make_result(claimed))
    return store.jobs.get(job.tenant_id, job.id)


def new_voice(number: int, *, tenant_id: str = "acme") -> NewVoice:
    """A voice whose recording was uploaded."""
    voice_id = f"voice_{number:032x}"
    reference = StoredObject(reference_key(tenant_id, voice_id, "upload"), "f" * 64, 4321)
    return NewVoice(voice_id, tenant_id, "Ann", reference, language="en-GB", gender="female")


def claim_delivery(store: SqlStore) -> Delivery:
    """Claim a webhook delivery, which must be due."""
    found = store.deliveries.claim("ins:host:cpu:1", lease_ms=LEASE_MS)
    assert found is not None, "no delivery is due"
    return found


def run_sql(store: SqlStore, statement: str, **values: Any) -> Sequence[Any]:
    """Run SQL beside the store: to move time on, or to corrupt a row."""

    def transaction(connection: sa.Connection) -> Sequence[Any]:
        answer = connection.execute(sa.text(statement), values)
        return answer.all() if answer.returns_rows else []

    return store._db.write(transaction)


def expire_leases(store: SqlStore) -> None:
    now = store.maintenance.now_ms()
    run_sql(store, "UPDATE chunks SET lease_expires_at = :at WHERE state = 'running'", at=now - 1)


def expire_deadline(store: SqlStore, job: Job) -> None:
    now = store.maintenance.now_ms()
    run_sql(store, "UPDATE jobs SET deadline_at = :at WHERE id = :id", at=now - 1, id=job.id)


def skip_backoff(store: SqlStore) -> None:
    """Make every waiting chunk claimable now."""
    run_sql(store, "UPDATE chunks SET available_at = :now WHERE state = 'ready'", now=store.maintenance.now_ms())


def count_chunk_states(store: SqlStore, job: Job) -> dict[str, int]:
    rows = run_sql(store, "SELECT state, count(*) AS n FROM chunks WHERE job_id = :id GROUP BY state", id=job.id)
    return {row.state: row.n for row in rows}


def find_violations(store: SqlStore) -> dict[str, Any]:
    """Rows that violate an invariant, by the name of the invariant."""
    return {name: rows for name, rows in store.maintenance.audit().items() if rows}
