"""The store when its database is slow, gone, restarted, or silent at the wrong moment."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import sqlalchemy as sa

from jobs.errors import Conflict, NotFound, StoreUnavailable
from jobs.job import Claim, Commit, StoredPart
from jobs.sql import SqlStore
from tests.faults.proxy import Proxy
from tests.job_factories import QUEUE, accept, broken, claim, new_job, part, planned, sql
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


def test_exhausted_pool_is_said_so_instead_of_waited_for(postgres_url: str) -> None:
    store = SqlStore(postgres_url, pool_size=1)
    with store._db.engine.connect(), pytest.raises(StoreUnavailable, match="in use"):
        accept(store)
    accept(store)
    store.close()


def test_database_that_refuses_is_unavailable_until_it_is_back(far_store: SqlStore, proxy: Proxy) -> None:
    accept(far_store)
    proxy.refuse()
    with pytest.raises(StoreUnavailable):
        far_store.claim(["cpu"], "w", lease_ms=1000)
    with pytest.raises(StoreUnavailable):
        far_store.accept(new_job())
    proxy.heal()
    assert claim(far_store).job.tenant_id == "acme"


def test_connections_that_died_unnoticed_are_replaced_within_the_call(postgres_url: str) -> None:
    store = SqlStore(postgres_url, pool_size=3)
    job = planned(store, 1)
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    claimed = claim(store, QUEUE)
    assert claimed.job.id == job.id
    assert claimed.chunk.fence == 1
    store.close()


def _commit(store: SqlStore, claimed: Claim) -> StoredPart:
    stored = part(claimed)
    with pytest.raises(StoreUnavailable):
        store.commit(claimed, Commit(stored))
    return stored


def test_lost_answer_to_a_commit_is_asked_for_and_not_repeated(far_store: SqlStore, proxy: Proxy) -> None:
    job = planned(far_store, 2)
    claimed = claim(far_store, QUEUE)
    proxy.reset_when(lambda block: b"COMMIT\0" in block, "down")
    stored = _commit(far_store, claimed)
    proxy.heal()
    assert proxy.faults["reset"] == 1
    assert far_store.committed(claimed, stored.key)
    assert far_store.job("acme", job.id).chunks_done == 1
    assert not broken(far_store)


def test_commit_that_never_arrived_may_be_sent_again(far_store: SqlStore, proxy: Proxy) -> None:
    job = planned(far_store, 2)
    claimed = claim(far_store, QUEUE)
    proxy.reset_when(lambda block: b"COMMIT\0" in block, "up")
    stored = _commit(far_store, claimed)
    proxy.heal()
    assert not far_store.committed(claimed, stored.key)
    far_store.commit(claimed, Commit(stored))
    assert far_store.job("acme", job.id).chunks_done == 1
    assert not broken(far_store)


def test_connection_lost_before_the_commit_is_tried_again_at_once(far_store: SqlStore, proxy: Proxy) -> None:
    planned(far_store, 1)
    broke = threading.Event()

    def first_update(block: bytes) -> bool:
        if b"UPDATE chunks" in block and not broke.is_set():
            broke.set()
            return True
        return False

    proxy.reset_when(first_update, "up")
    claimed = claim(far_store, QUEUE)
    assert broke.is_set()
    assert claimed.chunk.fence == 1
    assert len(sql(far_store, "SELECT * FROM chunk_events WHERE chunk_id = :id", id=claimed.chunk.id)) == 1


@pytest.mark.parametrize(("direction", "words"), [("down", b"INSERT 0 1\0"), ("up", b"INSERT INTO jobs")])
def test_connection_lost_during_a_submit_makes_the_job_once(
    far_store: SqlStore, proxy: Proxy, direction: str, words: bytes
) -> None:
    """Lost on its way down, the statement was committed; lost on its way up, it never arrived."""
    broke = threading.Event()

    def first_time(block: bytes) -> bool:
        is_now = words in block and not broke.is_set()
        if is_now:
            broke.set()
        return is_now

    proxy.reset_when(first_time, direction)
    job = accept(far_store)
    assert broke.is_set()
    assert far_store.job(job.tenant_id, job.id) == job
    assert far_store.queue_depths() == {"cpu": 1}
    assert not broken(far_store)


def test_id_that_is_taken_is_refused_and_not_taken_over(store: SqlStore) -> None:
    job = accept(store)
    with pytest.raises(Conflict):
        store.accept(new_job(id=job.id))
    assert store.job(job.tenant_id, job.id) == job


def test_deadlock_victim_is_tried_again(postgres_url: str) -> None:
    store = SqlStore(postgres_url)
    one, two = accept(store).id, accept(store).id
    meeting = threading.Barrier(2)
    runs: list[str] = []

    def lock(first: str, second: str) -> None:
        def transaction(connection: sa.Connection) -> None:
            runs.append(first)
            statement = sa.text("UPDATE jobs SET attempts = attempts + 1 WHERE id = :id")
            connection.execute(statement, {"id": first})
            if len(runs) <= 2:
                meeting.wait(deadline(30))
            connection.execute(statement, {"id": second})

        store._db.write(transaction)

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(lock, one, two), threads.submit(lock, two, one)]:
            done.result()
    assert len(runs) in (3, 4)  # on a busy machine the victim may be back before the other has woken: a second deadlock
    assert {job.attempts for job in store.states([one, two]).values()} == {3}
    store.close()


def test_text_that_no_database_holds_is_not_found(store: SqlStore) -> None:
    with pytest.raises(NotFound):
        store.job("acme", "job_\0")


def test_sqlite_syncs_every_commit(sqlite_store: SqlStore) -> None:
    pragmas = {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 30_000}
    for name, value in pragmas.items():
        assert sql(sqlite_store, f"PRAGMA {name}")[0][0] == value


def test_sqlite_writers_of_many_processes_wait_for_each_other(sqlite_url: str) -> None:
    stores = [SqlStore(sqlite_url) for _ in range(4)]  # as four processes: they share no lock but the file's
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda store: [accept(store) for _ in range(25)], stores))
    assert stores[0].queue_depths() == {"cpu": 100}
    for store in stores:
        store.close()
