"""The store while its database is slow, unreachable or restarted, or its connection breaks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import psycopg
import pytest
import sqlalchemy as sa

from jobs.chunk import Claim, Commit
from jobs.errors import StoreUnavailable
from jobs.sql import SqlStore
from jobs.stored_object import StoredObject
from tests.faults.proxy import Proxy
from tests.job_factories import (
    QUEUE,
    claim_chunk,
    find_violations,
    make_part,
    make_planned_job,
    new_job,
    run_sql,
    submit_job,
)
from tests.services.machine_speed import deadline


@pytest.fixture
def proxy(postgres_url: str) -> Iterator[Proxy]:
    port = sa.make_url(postgres_url).port
    assert port is not None
    link = Proxy(port).start()
    yield link
    link.stop()


@pytest.fixture
def far_store(postgres_url: str, proxy: Proxy) -> Iterator[SqlStore]:
    """A store behind the proxy."""
    far = sa.make_url(postgres_url).set(host="127.0.0.1", port=proxy.port)
    store = SqlStore(far.render_as_string(hide_password=False), pool_size=3)
    yield store
    store.close()


def test_exhausted_pool_is_reported_instead_of_waited_for(postgres_url: str) -> None:
    store = SqlStore(postgres_url, pool_size=1)
    with store._db.engine.connect(), pytest.raises(StoreUnavailable, match="in use"):
        submit_job(store)
    submit_job(store)
    store.close()


def test_database_that_refuses_is_unavailable_until_it_is_back(far_store: SqlStore, proxy: Proxy) -> None:
    submit_job(far_store)
    proxy.refuse()
    with pytest.raises(StoreUnavailable):
        far_store.chunks.claim(["cpu"], "w", lease_ms=1000)
    with pytest.raises(StoreUnavailable):
        far_store.jobs.submit(new_job())
    proxy.restore()
    assert claim_chunk(far_store).job.tenant_id == "acme"


def test_dead_connections_in_the_pool_are_replaced_within_the_call(postgres_url: str) -> None:
    store = SqlStore(postgres_url, pool_size=3)
    job = make_planned_job(store, 1)
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    claimed = claim_chunk(store, QUEUE)
    assert claimed.job.id == job.id
    assert claimed.chunk.fence == 1
    store.close()


def _commit(store: SqlStore, claimed: Claim) -> StoredObject:
    stored = make_part(claimed)
    with pytest.raises(StoreUnavailable):
        store.chunks.commit(claimed, Commit(stored))
    return stored


def test_commit_whose_answer_is_lost_is_not_repeated(far_store: SqlStore, proxy: Proxy) -> None:
    job = make_planned_job(far_store, 2)
    claimed = claim_chunk(far_store, QUEUE)
    proxy.reset_when(lambda block: b"COMMIT\0" in block, "down")
    stored = _commit(far_store, claimed)
    proxy.restore()
    assert proxy.faults["reset"] == 1
    assert far_store.chunks.is_committed(claimed, stored.key)
    assert far_store.jobs.get("acme", job.id).chunks_done == 1
    assert not find_violations(far_store)


def test_commit_that_never_arrived_may_be_sent_again(far_store: SqlStore, proxy: Proxy) -> None:
    job = make_planned_job(far_store, 2)
    claimed = claim_chunk(far_store, QUEUE)
    proxy.reset_when(lambda block: b"COMMIT\0" in block, "up")
    stored = _commit(far_store, claimed)
    proxy.restore()
    assert not far_store.chunks.is_committed(claimed, stored.key)
    far_store.chunks.commit(claimed, Commit(stored))
    assert far_store.jobs.get("acme", job.id).chunks_done == 1
    assert not find_violations(far_store)


def test_transaction_that_lost_its_connection_before_the_commit_is_repeated(far_store: SqlStore, proxy: Proxy) -> None:
    make_planned_job(far_store, 1)
    is_broken = threading.Event()

    def is_first_update(block: bytes) -> bool:
        if b"UPDATE chunks" in block and not is_broken.is_set():
            is_broken.set()
            return True
        return False

    proxy.reset_when(is_first_update, "up")
    claimed = claim_chunk(far_store, QUEUE)
    assert is_broken.is_set()
    assert claimed.chunk.fence == 1
    assert len(run_sql(far_store, "SELECT * FROM chunk_events WHERE chunk_id = :id", id=claimed.chunk.id)) == 1


@pytest.mark.parametrize(("direction", "pattern"), [("down", b"INSERT 0 1\0"), ("up", b"INSERT INTO jobs")])
def test_submit_that_loses_its_connection_makes_one_job(
    far_store: SqlStore, proxy: Proxy, direction: Literal["up", "down"], pattern: bytes
) -> None:
    """down: the statement was committed. up: it never arrived."""
    is_broken = threading.Event()

    def is_first_match(block: bytes) -> bool:
        is_match = pattern in block and not is_broken.is_set()
        if is_match:
            is_broken.set()
        return is_match

    proxy.reset_when(is_first_match, direction)
    job = submit_job(far_store)
    assert is_broken.is_set()
    assert far_store.jobs.get(job.tenant_id, job.id) == job
    assert far_store.chunks.depths() == {"cpu": 1}
    assert not find_violations(far_store)


def test_deadlock_victim_is_repeated(postgres_url: str) -> None:
    store = SqlStore(postgres_url)
    one, two = submit_job(store).id, submit_job(store).id
    barrier = threading.Barrier(2)
    runs: list[str] = []

    def lock(first: str, second: str) -> None:
        def transaction(connection: sa.Connection) -> None:
            runs.append(first)
            statement = sa.text("UPDATE jobs SET attempts = attempts + 1 WHERE id = :id")
            connection.execute(statement, {"id": first})
            if len(runs) <= 2:
                barrier.wait(deadline(30))
            connection.execute(statement, {"id": second})

        store._db.write(transaction)

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(lock, one, two), threads.submit(lock, two, one)]:
            done.result()
    assert len(runs) in (3, 4)  # on a busy machine the victim may be back before the other has woken: a second deadlock
    assert {job.attempts for job in store.jobs.get_many([one, two]).values()} == {3}
    store.close()


def test_sqlite_writers_of_many_processes_wait_for_each_other(sqlite_url: str) -> None:
    stores = [SqlStore(sqlite_url) for _ in range(4)]  # as four processes: they share no lock but the file's
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda store: [submit_job(store) for _ in range(25)], stores))
    assert stores[0].chunks.depths() == {"cpu": 100}
    for store in stores:
        store.close()
