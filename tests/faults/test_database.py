"""The database restarts, is slow, loses connections during COMMIT, or has no free connection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest

from migrations import upgrade
from tests.faults.proxy import Proxy
from tests.faults.rig import Rig, short_and_long
from tests.services.machine_speed import deadline, poll
from tests.services.postgres import PostgresServer


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A server that the test may crash."""
    server = PostgresServer().start()
    yield server
    server.close()


@pytest.fixture
def proxy(own_postgres) -> Iterator[Proxy]:
    """The connection to it, for faults."""
    link = Proxy(own_postgres.port).start()
    yield link
    link.stop()


@pytest.fixture
def database(own_postgres) -> str:
    """URL of a migrated database on it."""
    url = own_postgres.url(own_postgres.create_database())
    upgrade(url)
    return url


def _through(proxy: Proxy, url: str, server: PostgresServer) -> str:
    return url.replace(f":{server.port}/", f":{proxy.port}/")


@short_and_long(3, 20)
def test_restarted_database_loses_no_acknowledged_job(tmp_path, own_postgres, database, redis_url, times):
    """Fault: the server stops as in a crash, under load and while clients submit, and recovers."""
    with Rig(tmp_path, database_url=database, broker_url=redis_url) as rig:
        rig.start_workers("cpu", "slow")
        for _ in range(times):
            rig.submit(2, chunks=6, seconds=0.4)
            assert poll(lambda: rig.count_running() > 0, deadline_s=30)
            own_postgres.stop(immediate=True)
            rig.count_fault("database crashes")
            rig.submit(2, chunks=2, seconds=0.1)  # 503, never a 202 for a job that is not on disk
            own_postgres.start()
        rig.wait_until_ended(90)
        rig.expect_all_succeeded()
        assert len(rig.refused) >= times, "no request met the absent database"
        rig.note = f"{100 * rig.repeated_share():.1f} % of the work repeated, {rig.read_charges()['rescues']} rescues"
        assert rig.repeated_share() <= 0.05


@short_and_long(15, 120)
def test_commits_whose_response_is_lost_count_once(tmp_path, own_postgres, database, proxy, redis_url, times):
    """Fault: the worker's connection has a delay of 50 ms and is reset at one COMMIT response in three."""
    with Rig(
        tmp_path, database_url=_through(proxy, database, own_postgres), broker_url=redis_url, store_url=database
    ) as rig:
        rig.start_workers("cpu", "slow")
        proxy.delay(0.05)
        # `C…COMMIT\0` is the server's response to COMMIT; the client never gets it.
        proxy.reset_when(lambda block: b"COMMIT\x00" in block, "down", chance=0.33)
        rig.submit_to_store(times // 3, chunks=6, seconds=0.2)

        def met() -> bool:
            # Claims and heartbeats lose responses too: submit until the commit of a chunk has lost one.
            if all(job.state.is_terminal for job in rig.jobs()):
                rig.submit_to_store(1, chunks=6, seconds=0.2)
            return proxy.faults["reset"] >= times and rig.count_log_lines("commit_unknown") >= 1

        assert poll(met, deadline_s=60 + 4 * times, every_s=0.1), proxy.faults
        proxy.restore()
        rig.count_fault("lost responses to COMMIT", proxy.faults["reset"])
        rig.wait_until_ended(60)
        rig.expect_all_succeeded()


def test_late_commit_of_a_rescued_chunk_is_refused(tmp_path, own_postgres, database, proxy, redis_url):
    """Fault: all queries of one worker are delayed until its chunks have been rescued and run by others."""
    with Rig(tmp_path, database_url=database, broker_url=redis_url) as rig:
        rig.start_worker("cpu")
        delayed = {"VOICEMILL_DATABASE_URL": _through(proxy, database, own_postgres)}
        late = rig.start_worker("slow", environment=delayed)
        rig.submit(4, chunks=6, seconds=0.6)
        assert poll(lambda: rig.count_running(late) > 0, deadline_s=30)
        proxy.delay(600, "up")
        held = rig.count_running(late)
        rig.count_fault("chunks whose commit came late", held)
        rig.start_worker("slow")
        rig.wait_until_ended(90)
        assert rig.count_events("ready", "rescue") >= held > 0, "nothing was rescued from the late worker"
        proxy.restore()
        assert poll(lambda: rig.count_log_lines("LeaseLost") >= 1, deadline_s=30), "no late commit was refused"
        rig.expect_all_succeeded()


def test_exhausted_database_sheds_requests_and_leases_survive(tmp_path, own_postgres, database, redis_url):
    """Fault: other clients take all free connections of the server."""
    with Rig(tmp_path, database_url=database, broker_url=redis_url) as rig:
        rig.start_workers("cpu", "slow")
        rig.submit(3, chunks=6, seconds=0.5)
        assert poll(lambda: rig.count_running() > 0, deadline_s=20)
        others = _take_all_connections(database)
        rig.count_fault("connections taken", len(others))
        with ThreadPoolExecutor(40) as threads:
            answers = list(threads.map(lambda _: _post(rig), range(40)))
        met = Counter(answer.status_code for answer in answers)
        assert set(met) <= {202, 503} and met[503], met
        shed_s = max(answer.elapsed.total_seconds() for answer in answers if answer.status_code == 503)
        rig.note = f"{met[503]} of 40 requests shed within {shed_s:.1f} s"
        assert all("Retry-After" in answer.headers for answer in answers if answer.status_code == 503)
        for answer in answers:
            if answer.status_code == 202:
                rig.acknowledge(answer.json()["id"], "short")
        for other in others:
            other.close()
        rig.wait_until_ended(60)
        rig.expect_all_succeeded()
        assert rig.read_charges()["rescues"] == 0, "a lease ran out although its worker lived"


def _post(rig: Rig) -> httpx.Response:
    body = {"text": "short", "model": "slow"}
    return httpx.post(
        f"{rig.base_url}/tts/synthesize", json=body, headers=rig.headers, timeout=deadline(30), trust_env=False
    )


def _take_all_connections(url: str) -> list[psycopg.Connection]:
    taken = []
    while True:
        try:
            taken.append(psycopg.connect(url.replace("+psycopg", ""), connect_timeout=int(deadline(5))))
        except psycopg.OperationalError as error:
            if "connection slots" in str(error) or "too many clients" in str(error):
                return taken
            raise
