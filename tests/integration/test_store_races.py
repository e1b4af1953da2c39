"""Races of two transactions: one is paused right before its COMMIT while the other starts.

Postgres only, because SQLite has one writer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from jobs.chunk import Commit
from jobs.errors import IdempotencyInFlight
from jobs.job import Idempotency
from jobs.sql import SqlStore
from jobs.states import JobState
from tests.job_factories import (
    QUEUE,
    claim_chunk,
    expire_leases,
    find_violations,
    make_part,
    make_planned_job,
    new_job,
    run_sql,
    submit_job,
)
from tests.services.machine_speed import deadline, poll

KEY = Idempotency("/tts/synthesize", "key-1", "a" * 64)


@pytest.fixture
def store(postgres_url: str) -> Iterator[SqlStore]:
    store = SqlStore(postgres_url, retry_base_s=0.01)
    yield store
    store.close()


@contextmanager
def paused_before_commit(store: SqlStore, work: Callable[[], Any]) -> Iterator[Future[Any]]:
    """Run `work` in a thread that is paused before its first COMMIT for the length of the block."""
    is_paused, resume = threading.Event(), threading.Event()
    workers: list[threading.Thread] = []

    def pause(connection: sa.Connection) -> None:
        if threading.current_thread() in workers and not is_paused.is_set():
            is_paused.set()
            resume.wait(deadline(30))

    def run() -> Any:
        workers.append(threading.current_thread())
        return work()

    sa.event.listen(store._db.engine, "commit", pause)
    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(run)
        try:
            assert is_paused.wait(deadline(30)), future.exception(0)
            yield future
        finally:
            resume.set()
            future.exception(deadline(30))
            sa.event.remove(store._db.engine, "commit", pause)


def wait_for_a_blocked_transaction(store: SqlStore) -> bool:
    """Wait until a transaction of this database waits for a lock."""
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return poll(lambda: bool(run_sql(store, waiting)), deadline_s=10)


def test_second_request_with_a_key_fails_at_once_while_the_first_is_in_flight(store: SqlStore) -> None:
    with paused_before_commit(store, lambda: store.jobs.submit(new_job(), KEY)) as first:
        with pytest.raises(IdempotencyInFlight):
            store.jobs.submit(new_job(), KEY)
        other = store.jobs.submit(new_job(), Idempotency(KEY.route, "key-2", KEY.fingerprint))
    assert store.jobs.submit(new_job(), KEY).job == first.result().job
    assert other.job.id != first.result().job.id


def test_claims_do_not_wait_for_each_other(store: SqlStore) -> None:
    make_planned_job(store, 2)
    with paused_before_commit(store, lambda: claim_chunk(store, QUEUE)) as first:
        second = claim_chunk(store, QUEUE)
    assert {first.result().chunk.idx, second.chunk.idx} == {0, 1}


def test_claim_of_a_plan_does_not_wait_for_its_job(store: SqlStore) -> None:
    job = submit_job(store)
    touch = sa.text("UPDATE jobs SET labels = labels")
    with paused_before_commit(store, lambda: store._db.write(lambda connection: connection.execute(touch))):
        claimed = claim_chunk(store)
    assert claimed.job.state is JobState.ACCEPTED  # the commit of the plan sets it
    assert claimed.job.id == job.id


def test_heartbeat_stops_a_chunk_that_was_claimed_during_the_cancel(store: SqlStore) -> None:
    job = make_planned_job(store, 2)
    with ThreadPoolExecutor(1) as thread:
        with paused_before_commit(store, lambda: claim_chunk(store, QUEUE)) as claiming:
            cancelling = thread.submit(store.jobs.cancel, "acme", job.id)
            assert wait_for_a_blocked_transaction(store)
        assert cancelling.result(deadline(30)).state is JobState.RUNNING
    claimed = claiming.result()
    assert store.chunks.heartbeat([claimed], lease_ms=1000, progress={})[claimed.chunk.id].stop
    store.chunks.stop(claimed)
    assert store.jobs.get("acme", job.id).state is JobState.CANCELLED
    assert not find_violations(store)


def test_concurrent_last_commits_make_one_stitch(store: SqlStore) -> None:
    make_planned_job(store, 2)
    first, second = claim_chunk(store, QUEUE), claim_chunk(store, QUEUE)
    with ThreadPoolExecutor(1) as thread:
        with paused_before_commit(store, lambda: store.chunks.commit(first, Commit(make_part(first)))) as one:
            two = thread.submit(store.chunks.commit, second, Commit(make_part(second)))
            assert wait_for_a_blocked_transaction(store)
        assert (one.result(), two.result(deadline(30))) == ((), ("cpu",))
    assert store.chunks.depths() == {"cpu": 1}
    assert not find_violations(store)


def test_is_committed_waits_for_a_commit_in_progress(store: SqlStore) -> None:
    make_planned_job(store, 2)
    claimed = claim_chunk(store, QUEUE)
    stored = make_part(claimed)
    with ThreadPoolExecutor(1) as thread:
        with paused_before_commit(store, lambda: store.chunks.commit(claimed, Commit(stored))):
            answer = thread.submit(store.chunks.is_committed, claimed, stored.key)
            assert wait_for_a_blocked_transaction(store)
        assert answer.result(deadline(30)) is True


def test_lease_renewed_during_the_sweep_is_not_rescued(store: SqlStore) -> None:
    make_planned_job(store, 1)
    claimed = claim_chunk(store, QUEUE)
    expire_leases(store)
    touch = sa.text("UPDATE jobs SET labels = labels")
    with ThreadPoolExecutor(1) as thread:
        with paused_before_commit(store, lambda: store._db.write(lambda connection: connection.execute(touch))):
            # The sweep has read the expired lease and waits for the job's row.
            sweeping = thread.submit(store.maintenance.sweep, may_rescue=True)
            assert wait_for_a_blocked_transaction(store)
            assert store.chunks.heartbeat([claimed], lease_ms=60_000, progress={})[claimed.chunk.id].alive
        assert sweeping.result(deadline(30)).rescued == 0
    store.chunks.commit(claimed, Commit(make_part(claimed)))
    assert not find_violations(store)
