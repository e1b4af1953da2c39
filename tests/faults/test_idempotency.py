"""One Idempotency-Key, sent by many clients at once, again later, and around a crash of the API: one job."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import sqlalchemy as sa

from jobs.sql.clock import db_now_ms
from jobs.sql.tables import idempotency, jobs
from migrations import upgrade
from tests.faults.proxy import Proxy
from tests.faults.rig import TENANT, Rig
from tests.services.machine_speed import deadline, poll
from tests.services.postgres import PostgresServer

_KEY = "order-1"


@pytest.fixture
def rig(tmp_path, postgres_url, redis_url) -> Iterator[Rig]:
    """A deployment with an API and a worker of the family `slow`."""
    with Rig(tmp_path, database_url=postgres_url, broker_url=redis_url) as started:
        started.start_worker("slow")
        started.start_api()
        yield started


def _post(rig: Rig, text: str = "Said once.", key: str = _KEY) -> httpx.Response:
    body = {"text": text, "model": "slow", "format": "wav"}
    headers = {**rig.headers, "Idempotency-Key": key}
    return httpx.post(
        f"{rig.base_url}/tts/synthesize", json=body, headers=headers, timeout=deadline(30), trust_env=False
    )


def _count(rig: Rig) -> int:
    with rig.store._db.engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(jobs)) or 0


def test_two_hundred_equal_requests_at_once_make_one_job(rig):
    """Fault: 200 clients post one key and body at the same time, and repeat it until they get a response."""
    rig.start_worker("cpu")

    def send(_: int) -> list[httpx.Response]:
        answers = [_post(rig)]
        while answers[-1].status_code in (409, 503):
            answers.append(_post(rig))
        return answers

    with ThreadPoolExecutor(40) as threads:
        answers = list(threads.map(send, range(200)))
    met = Counter(answer.status_code for each in answers for answer in each)
    rig.count_fault("equal requests", met.total())
    rig.note = f"responses: {dict(met)}"
    assert set(met) <= {202, 409, 503}
    [job_id] = {each[-1].json()["id"] for each in answers}
    assert sum("Idempotency-Replayed" not in each[-1].headers for each in answers) <= 1
    assert _count(rig) == 1
    rig.acknowledge(job_id, "Said once.")
    rig.wait_until_ended(60)
    rig.expect_all_succeeded()


def test_key_in_flight_or_of_another_body_is_refused_and_an_expired_one_is_free(rig):
    """Fault: a key is used by a request in flight, with another body, and again after it expired."""
    first = _post(rig)
    assert first.status_code == 202
    with rig.store._db.engine.begin() as connection:
        assert rig.store._db.try_lock(connection, TENANT, "POST /tts/synthesize", "order-2")
        rig.count_fault("requests in flight")
        assert _post(rig, key="order-2").status_code == 409
    other = _post(rig, text="Said otherwise.")
    rig.count_fault("other bodies")
    assert other.status_code == 422, other.text
    same = _post(rig)
    assert (same.status_code, same.json()["id"]) == (202, first.json()["id"])
    assert same.headers["Idempotency-Replayed"] == "true"
    with rig.store._db.engine.begin() as connection:
        connection.execute(sa.update(idempotency).values(expires_at=db_now_ms() - 1))
    rig.count_fault("expired keys")
    later = _post(rig, text="Said otherwise.")
    assert later.status_code == 202 and later.json()["id"] != first.json()["id"]
    assert _count(rig) == 2
    rig.expect_invariants()


def test_crash_between_commit_and_answer_leaves_one_job(tmp_path, redis_url):
    """Fault: the database commits a job, its response is lost, and the API is killed before it can answer."""
    server = PostgresServer().start()
    url = server.url(server.create_database())
    upgrade(url)
    proxy = Proxy(server.port).start()
    through = url.replace(f":{server.port}/", f":{proxy.port}/")
    try:
        with Rig(tmp_path, database_url=through, broker_url=redis_url, store_url=url) as rig:
            rig.start_worker("slow")
            rig.start_api()
            for crash in range(1, 4):
                _drop_commit_response_of_next_job(proxy)
                with ThreadPoolExecutor(1) as threads:
                    answer = threads.submit(_post, rig, key=f"order-{crash}")
                    assert poll(lambda crash=crash: _count(rig) == crash, deadline_s=30), "nothing was committed"
                    rig.kill_api()
                    rig.count_fault("kill -9 of the API between COMMIT and response")
                    assert isinstance(answer.exception(deadline(30)), httpx.TransportError)
                proxy.restore()
                proxy.reset_now()  # other connections may wait for a lost response
                rig.start_api()
                again = _post(rig, key=f"order-{crash}")
                assert again.status_code == 202 and again.headers["Idempotency-Replayed"] == "true"
                assert _count(rig) == crash
                rig.acknowledge(again.json()["id"], "Said once.")
            assert proxy.faults["changed"] >= 3
            rig.start_worker("cpu")
            rig.wait_until_ended(60)
            rig.expect_all_succeeded()
    finally:
        proxy.stop()
        server.close()


def _drop_commit_response_of_next_job(proxy: Proxy) -> None:
    inserted = threading.Event()

    def watch(block: bytes) -> bytes:
        if b"INSERT INTO jobs" in block:
            inserted.set()
        return block

    proxy.change(watch, "up")
    # `C…COMMIT\0` is the server's response to COMMIT.
    proxy.change(lambda block: b"" if inserted.is_set() and b"COMMIT\x00" in block else block, "down")
