"""The database restarts, lags, breaks off in mid COMMIT, or has no connection to give."""

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
    """The link to it, which may be spoilt."""
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
    """Fault: the server stops at once, as in a crash, and recovers, under load and while clients submit."""
    with Rig(tmp_path, database_url=database, broker_url=redis_url) as rig:
        rig.start_worker("cpu")
        rig.start_worker("slow")
        for _ in range(times):
            rig.submit(2, chunks=6, seconds=0.4)
            assert poll(lambda: rig.running_now() > 0, deadline_s=30)
            own_postgres.stop(immediate=True)
            rig.count("database crashes")
            rig.submit(2, chunks=2, seconds=0.1)  # 503, never a 202 that is not on disk
            own_postgres.start()
        rig.wait_until_ended(90)
        rig.expect_all_succeeded()
        assert len(rig.refused) >= times, "no request met the absent database"
        rig.noted = f"{100 * rig.repeated():.1f} % of the work repeated, {rig.charges()['rescues']} rescues"
        assert rig.repeated() <= 0.05


@short_and_long(15, 120)
def test_commits_whose_answer_is_lost_count_once(tmp_path, own_postgres, database, proxy, redis_url, times):
    """Fault: the worker's link lags by 50 ms, and resets one COMMIT's answer in three."""
    with Rig(
        tmp_path, database_url=_through(proxy, database, own_postgres), broker_url=redis_url, store_url=database
    ) as rig:
        rig.start_worker("cpu")
        rig.start_worker("slow")
        proxy.delay(0.05)
        # `C…COMMIT\0` is the server's word that the transaction is done: the client never hears it.
        proxy.reset_when(lambda block: b"COMMIT\x00" in block, "down", chance=0.33)
        rig.submit_past_api(times // 3, chunks=6, seconds=0.2)

        def met() -> bool:
            # Claims and heartbeats lose their answers too: more work until a chunk's own COMMIT has lost one.
            if all(job.state.is_terminal for job in rig.jobs()):
                rig.submit_past_api(1, chunks=6, seconds=0.2)
            return proxy.faults["reset"] >= times and rig.log_lines("commit_unknown") >= 1

        assert poll(met, deadline_s=60 + 4 * times, every_s=0.1), proxy.faults
        proxy.heal()
        rig.count("lost answers to COMMIT", proxy.faults["reset"])
        rig.wait_until_ended(60)
        rig.expect_all_succeeded()


def test_late_commit_of_a_rescued_chunk_is_refused(tmp_path, own_postgres, database, proxy, redis_url):
    """Fault: what one worker tells the database arrives in full, but only when others have done its chunks."""
    with Rig(tmp_path, database_url=database, broker_url=redis_url) as rig:
        rig.start_worker("cpu")
        spoilt = {"VOICEMILL_DATABASE_URL": _through(proxy, database, own_postgres)}
        late = rig.start_worker("slow", environment=spoilt)
        rig.submit(4, chunks=6, seconds=0.6)
        assert poll(lambda: rig.running(late) > 0, deadline_s=30)
        proxy.delay(600, "up")
        held = rig.running(late)
        rig.count("chunks whose commit came late", held)
        rig.start_worker("slow")
        rig.wait_until_ended(90)
        assert rig.events("ready", "rescue") >= held > 0, "nothing was rescued from the late worker"
        proxy.heal()
        assert poll(lambda: rig.log_lines("LeaseLost") >= 1, deadline_s=30), "no late commit was refused"
        rig.expect_all_succeeded()


def test_exhausted_database_sheds_requests_and_leases_survive(tmp_path, own_postgres, database, redis_url):
    """Fault: strangers take every connection that the server has left."""
    with Rig(tmp_path, database_url=database, broker_url=redis_url) as rig:
        rig.start_worker("cpu")
        rig.start_worker("slow")
        rig.submit(3, chunks=6, seconds=0.5)
        assert poll(lambda: rig.running_now() > 0, deadline_s=20)
        strangers = _take_all_connections(database)
        rig.count("connections taken", len(strangers))
        with ThreadPoolExecutor(40) as threads:
            answers = list(threads.map(lambda _: _post(rig), range(40)))
        met = Counter(answer.status_code for answer in answers)
        assert set(met) <= {202, 503} and met[503], met
        shed_s = max(answer.elapsed.total_seconds() for answer in answers if answer.status_code == 503)
        rig.noted = f"{met[503]} of 40 requests shed within {shed_s:.1f} s"
        assert all("Retry-After" in answer.headers for answer in answers if answer.status_code == 503)
        for answer in answers:
            if answer.status_code == 202:
                rig.acknowledge(answer.json()["id"], "short")
        for stranger in strangers:
            stranger.close()
        rig.wait_until_ended(60)
        rig.expect_all_succeeded()
        assert rig.charges()["rescues"] == 0, "a lease ran out although its worker lived"


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
