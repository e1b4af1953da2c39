"""Submitting jobs, and the guarantee of an idempotency key."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from jobs.errors import Conflict, Deleted, IdempotencyInFlight, IdempotencyMismatch
from jobs.job import Idempotency
from jobs.sql import SqlStore
from jobs.states import ChunkState, JobState, Priority
from jobs.store import SubmittedJob
from tests.job_factories import find_violations, new_job, run_sql, submit_job

KEY = Idempotency("/tts/synthesize", "key-1", "a" * 64)


def test_same_key_and_body_returns_the_first_job(store: SqlStore) -> None:
    first = store.jobs.submit(new_job(), KEY)
    again = store.jobs.submit(new_job(), KEY)
    assert (first.replayed, again.replayed) == (False, True)
    assert again.job == first.job
    assert store.jobs.find_replay("acme", KEY) == first.job
    assert store.chunks.depths() == {"cpu": 1}


@pytest.mark.parametrize("key", [None, KEY], ids=["without a key", "with a key"])
def test_submit_returns_the_job_as_recorded(store: SqlStore, key: Idempotency | None) -> None:
    new = new_job(
        priority=Priority.BULK,
        params={"text": "Hé\n", "speed": 1.5, "lexicon": None},
        labels={},
        batch_id="bat_1",
        parent_id="job_0",
        input_key="jobs/acme/x",
        input_sha256="a" * 64,
        input_bytes=3_000_000_000,
        webhook_url="https://example.org/hook" if key else None,
        deadline_s=90.5,
        retain_s=0.0,
    )
    job = store.jobs.submit(new, key).job
    assert store.jobs.get("acme", job.id) == job
    assert job.deadline_at - job.created_at == 90_500
    plan = store.jobs.plan_chunk(job.id)
    assert (plan.state, plan.queue, plan.fence, dict(plan.span)) == (ChunkState.READY, "cpu", 0, {})
    [row] = run_sql(store, "SELECT age, available_at, priority FROM chunks WHERE id = :id", id=plan.id)
    assert (row.age, row.available_at, row.priority) == (job.created_at, job.created_at, Priority.BULK.rank)


def test_replay_of_a_deleted_job_is_no_job_and_no_new_one(store: SqlStore) -> None:
    job = store.jobs.submit(new_job(), KEY).job
    store.jobs.delete("acme", job.id)
    with pytest.raises(Deleted):
        store.jobs.find_replay("acme", KEY)
    with pytest.raises(Deleted):
        store.jobs.submit(new_job(), KEY)
    assert not store.jobs.list("acme").jobs


def test_replay_returns_the_job_as_it_is_now(store: SqlStore) -> None:
    first = store.jobs.submit(new_job(), KEY)
    store.jobs.cancel("acme", first.job.id)
    assert store.jobs.submit(new_job(), KEY).job.state is JobState.CANCELLED


def test_same_key_with_another_body_is_refused(store: SqlStore) -> None:
    store.jobs.submit(new_job(), KEY)
    other = Idempotency(KEY.route, KEY.key, "b" * 64)
    with pytest.raises(IdempotencyMismatch):
        store.jobs.submit(new_job(), other)
    with pytest.raises(IdempotencyMismatch):
        store.jobs.find_replay("acme", other)
    assert store.chunks.depths() == {"cpu": 1}


def test_key_belongs_to_one_tenant_and_one_route(store: SqlStore) -> None:
    jobs = {
        store.jobs.submit(new_job(), KEY).job.id,
        store.jobs.submit(new_job(tenant_id="other"), KEY).job.id,
        store.jobs.submit(new_job(), Idempotency("/stt/transcribe", KEY.key, KEY.fingerprint)).job.id,
    }
    assert len(jobs) == 3
    assert not find_violations(store)


def test_key_expires_after_a_day(store: SqlStore) -> None:
    first = store.jobs.submit(new_job(), KEY)
    run_sql(store, "UPDATE idempotency SET expires_at = :at", at=store.maintenance.now_ms() - 1)
    assert store.jobs.find_replay("acme", KEY) is None
    second = store.jobs.submit(new_job(), KEY)
    assert second.job.id != first.job.id
    assert store.jobs.submit(new_job(), KEY).job == second.job


def test_lasting_key_outlives_the_day_and_ends_with_its_job(store: SqlStore) -> None:
    lasting = replace(KEY, is_lasting=True)
    first = store.jobs.submit(new_job(), lasting).job
    run_sql(store, "UPDATE idempotency SET expires_at = expires_at - 31536000000")  # a year later
    store.maintenance.sweep(may_rescue=False)
    assert store.jobs.submit(new_job(), lasting) == SubmittedJob(first, replayed=True)
    store.jobs.delete("acme", first.id)
    assert store.jobs.find_replay("acme", lasting) is None
    second = store.jobs.submit(new_job(), lasting)
    assert (second.replayed, second.job.id != first.id) == (False, True)
    assert store.jobs.find_replay("acme", lasting) == second.job
    assert not find_violations(store)


def test_lasting_key_is_free_after_its_job_ended_without_a_result(store: SqlStore) -> None:
    lasting = replace(KEY, is_lasting=True)
    first = store.jobs.submit(new_job(), lasting).job
    store.jobs.cancel("acme", first.id)
    assert store.jobs.find_replay("acme", lasting) is None
    assert store.jobs.find_replay("other", lasting) is None
    assert store.jobs.submit(new_job(), lasting).job.id != first.id
    with pytest.raises(IdempotencyMismatch):
        store.jobs.submit(new_job(), replace(lasting, fingerprint="b" * 64))


def test_fifty_requests_with_one_key_make_one_job(store: SqlStore) -> None:
    def submit(_: int) -> str | None:
        try:
            return store.jobs.submit(new_job(), KEY).job.id
        except IdempotencyInFlight:
            return None

    with ThreadPoolExecutor(10) as threads:
        job_ids = set(threads.map(submit, range(50)))
    assert len(job_ids - {None}) == 1
    assert store.chunks.depths() == {"cpu": 1}
    assert not find_violations(store)


def test_submitted_job_reads_back_unchanged(store: SqlStore) -> None:
    job = submit_job(
        store,
        priority=Priority.BULK,
        labels={"größe": "1"},
        input_key="jobs/acme/x/input/1",
        input_sha256="a" * 64,
        input_bytes=7,
        batch_id="batch_1",
        params={"text": "Grüße\x00 \U0001f600", "speed": 1.5},
    )
    assert store.jobs.get("acme", job.id) == job
    assert job.state is JobState.ACCEPTED
    assert job.priority is Priority.BULK
    assert job.params == {"text": "Grüße\x00 \U0001f600", "speed": 1.5}
    assert job.deadline_at - job.created_at == 7 * 86_400_000
    assert store.chunks.depths() == {"cpu": 1}


def test_id_that_is_taken_is_refused(store: SqlStore) -> None:
    job = submit_job(store)
    with pytest.raises(Conflict):
        store.jobs.submit(new_job(id=job.id))
    assert store.jobs.get(job.tenant_id, job.id) == job
