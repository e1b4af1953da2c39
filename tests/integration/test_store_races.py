"""Two transactions at the worst moment: one stands right before its COMMIT while the other comes along. Postgres only,
since SQLite has one writer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from jobs.errors import IdempotencyInFlight
from jobs.job import Commit, Idempotency
from jobs.sql import SqlStore
from jobs.states import JobState
from tests.job_factories import QUEUE, accept, broken, claim, let_leases_expire, new_job, part, planned, sql
from tests.services.machine_speed import deadline, poll

PROMISE = Idempotency("/tts/synthesize", "key-1", "a" * 64)


@pytest.fixture
def races(postgres_url: str) -> Iterator[SqlStore]:
    store = SqlStore(postgres_url, retry_base_s=0.01)
    yield store
    store.close()


@contextmanager
def before_commit(store: SqlStore, work: Callable[[], Any]) -> Iterator[Future[Any]]:
    """Run `work` in a thread that stands before its first COMMIT for the length of the block."""
    reached, go_on = threading.Event(), threading.Event()
    workers: list[threading.Thread] = []

    def stand(connection: sa.Connection) -> None:
        if threading.current_thread() in workers and not reached.is_set():
            reached.set()
            go_on.wait(deadline(30))

    def run() -> Any:
        workers.append(threading.current_thread())
        return work()

    sa.event.listen(store._db.engine, "commit", stand)
    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(run)
        try:
            assert reached.wait(deadline(30)), future.exception(0)
            yield future
        finally:
            go_on.set()
            future.exception(deadline(30))
            sa.event.remove(store._db.engine, "commit", stand)


def someone_waits(store: SqlStore) -> bool:
    """Whether a transaction of this database waits for a lock."""
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return poll(lambda: bool(sql(store, waiting)), deadline_s=10)


def test_second_request_with_a_key_is_told_at_once_that_the_first_is_in_flight(races: SqlStore) -> None:
    with before_commit(races, lambda: races.accept(new_job(), PROMISE)) as first:
        with pytest.raises(IdempotencyInFlight):
            races.accept(new_job(), PROMISE)
        other = races.accept(new_job(), Idempotency(PROMISE.route, "key-2", PROMISE.fingerprint))
    assert races.accept(new_job(), PROMISE).job == first.result().job
    assert other.job.id != first.result().job.id


def test_claims_do_not_wait_for_each_other(races: SqlStore) -> None:
    planned(races, 2)
    with before_commit(races, lambda: claim(races, QUEUE)) as first:
        second = claim(races, QUEUE)
    assert {first.result().chunk.idx, second.chunk.idx} == {0, 1}


def test_claim_of_a_plan_does_not_wait_for_its_job(races: SqlStore) -> None:
    job = accept(races)
    touch = sa.text("UPDATE jobs SET labels = labels")
    with before_commit(races, lambda: races._db.write(lambda connection: connection.execute(touch))):
        claimed = claim(races)
    assert claimed.job.state is JobState.ACCEPTED  # the plan's commit sets it right
    assert claimed.job.id == job.id


def test_chunk_being_claimed_while_its_job_is_cancelled_learns_it_from_its_heartbeat(races: SqlStore) -> None:
    job = planned(races, 2)
    with ThreadPoolExecutor(1) as thread:
        with before_commit(races, lambda: claim(races, QUEUE)) as claiming:
            cancelling = thread.submit(races.cancel, "acme", job.id)
            assert someone_waits(races)
        assert cancelling.result(deadline(30)).state is JobState.RUNNING
    claimed = claiming.result()
    assert races.beat([claimed], lease_ms=1000, progress={})[claimed.chunk.id].stop
    races.end_stopped(claimed)
    assert races.job("acme", job.id).state is JobState.CANCELLED
    assert not broken(races)


def test_last_two_commits_at_once_make_one_stitch(races: SqlStore) -> None:
    planned(races, 2)
    first, second = claim(races, QUEUE), claim(races, QUEUE)
    with ThreadPoolExecutor(1) as thread:
        with before_commit(races, lambda: races.commit(first, Commit(part(first)))) as one:
            two = thread.submit(races.commit, second, Commit(part(second)))
            assert someone_waits(races)
        assert (one.result(), two.result(deadline(30))) == ((), ("cpu",))
    assert races.queue_depths() == {"cpu": 1}
    assert not broken(races)


def test_question_after_a_lost_answer_waits_for_the_commit_on_its_way(races: SqlStore) -> None:
    planned(races, 2)
    claimed = claim(races, QUEUE)
    stored = part(claimed)
    with ThreadPoolExecutor(1) as thread:
        with before_commit(races, lambda: races.commit(claimed, Commit(stored))):
            asked = thread.submit(races.committed, claimed, stored.key)
            assert someone_waits(races)
        assert asked.result(deadline(30)) is True


def test_lease_renewed_after_the_sweeper_looked_is_not_rescued(races: SqlStore) -> None:
    planned(races, 1)
    claimed = claim(races, QUEUE)
    let_leases_expire(races)
    touch = sa.text("UPDATE jobs SET labels = labels")
    with ThreadPoolExecutor(1) as thread:
        with before_commit(races, lambda: races._db.write(lambda connection: connection.execute(touch))):
            # It has seen the expired lease and waits for the job's row.
            sweeping = thread.submit(races.sweep, may_rescue=True)
            assert someone_waits(races)
            assert races.beat([claimed], lease_ms=60_000, progress={})[claimed.chunk.id].alive
        assert sweeping.result(deadline(30)).rescued == 0
    races.commit(claimed, Commit(part(claimed)))
    assert not broken(races)
