"""What only a real server shows: streams event by event, two hundred waiters, a database that fails."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from jobs.chunk import Claim, Commit, NewChunk
from tests.services.api_server import TENANT, ApiServer
from tests.services.machine_speed import deadline, poll
from tests.services.postgres import PostgresServer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    server = ApiServer(tmp_path_factory.mktemp("api")).start()
    yield server
    server.stop()


def submit(client: httpx.Client, **options: object) -> httpx.Response:
    return client.post("/tts/synthesize", json={"text": "Hello.", "model": "tone", **options})


def claim(server: ApiServer, queue: str) -> Claim:
    """The next chunk of the queue, as a worker claims it."""
    claimed = server.store.chunks.claim([queue], f"test:host:{queue}:1", lease_ms=60_000)
    assert claimed is not None
    return claimed


def commit(server: ApiServer, claimed: Claim, data: bytes = b"{}", **outcome: object) -> None:
    chunk = claimed.chunk
    key = f"jobs/{TENANT}/{chunk.job_id}/parts/{chunk.step}-{chunk.round}-{chunk.idx}-{chunk.fence}-x"
    server.store.chunks.commit(claimed, Commit(part=server.storage.put_bytes(key, data), **outcome))  # type: ignore[arg-type]


def plan(server: ApiServer, *, queue: str, chunks: int) -> None:
    """Commit the next plan with so many work chunks of one unit."""
    new = [
        NewChunk(idx=idx, queue=queue, units=1.0, span={"idx": idx, "start": idx, "end": idx + 1, "units": 1.0})
        for idx in range(chunks)
    ]
    commit(server, claim(server, "cpu"), new_chunks=new, units_total=float(chunks), unit="seconds")


RESULT = {
    "duration_s": 1.0,
    "processing_s": 0.1,
    "files": [],
    "usage": {"audio_s": 1.0, "characters": 0, "engine_s": 0.0},
}


def test_events_arrive_one_by_one_while_the_job_runs(server: ApiServer) -> None:
    with server.client() as client:
        answer = client.post("/stt/transcribe", data={"model": "tone-listener"}, files={"file": ("a.wav", b"sound")})
        job_id = answer.json()["id"]
        with client.stream("GET", f"/jobs/{job_id}/events") as stream:
            events = read_events(stream)
            # Each step happens only after the events of the one before were received.
            assert wait_for(events, "state")["state"] == "accepted"
            plan(server, queue="stt.tone", chunks=2)
            wait_for(events, "state", state="running")
            for number, text in enumerate(["one", "two"]):
                segments = [{"start": number, "end": number + 1, "text": text, "confidence": 1.0, "words": []}]
                commit(server, claim(server, "stt.tone"), json.dumps({"segments": segments}).encode())
                assert wait_for(events, "segment")["text"] == text
                assert wait_for(events, "progress", done=number + 1)["total"] == 2.0
            commit(server, claim(server, "cpu"), result=RESULT)
            wait_for(events, "state", state="succeeded")
            assert next(events, None) is None


def test_client_that_disconnects_is_no_longer_counted(server: ApiServer) -> None:
    with server.client() as client:
        job_id = submit(client).json()["id"]
        with client.stream("GET", f"/jobs/{job_id}/events") as stream:
            wait_for(read_events(stream), "state")
            assert waiters(client) == 1
        # Noticed when the next comment cannot be written.
        server.store.jobs.cancel(TENANT, job_id)
        assert poll(lambda: waiters(client) == 0, deadline_s=30)


def test_clients_that_wait_are_counted_over_all_processes(tmp_path: Path) -> None:
    folder = tmp_path / "metrics"
    folder.mkdir()
    server = ApiServer(tmp_path / "api", env={"PROMETHEUS_MULTIPROC_DIR": str(folder)}, workers=2).start()

    events = []

    def told() -> set[str]:
        """What any process answers, asked over connections of their own."""
        answers = [httpx.get(f"{server.url}/audio/metrics", timeout=deadline(30), trust_env=False) for _ in range(3)]
        return {line for each in answers for line in each.text.splitlines() if line.startswith("voicemill_waiters")}

    try:
        server.register_worker("tts.tone", {"tone": {"state": "ready"}})
        with ExitStack() as streams:
            for _ in range(6):
                client = streams.enter_context(server.client())
                path = f"/jobs/{submit(client).json()['id']}/events"
                # Kept: a reader that is dropped closes its stream.
                events.append(read_events(streams.enter_context(client.stream("GET", path))))
                wait_for(events[-1], "state")
            assert len(list(folder.glob("gauge_livesum_*.db"))) == 2
            assert poll(lambda: told() == {"voicemill_waiters 6.0"}), told()
    finally:
        server.stop()


def test_two_hundred_clients_wait_and_the_server_still_answers(server: ApiServer) -> None:
    limits = httpx.Limits(max_connections=200)
    with server.client() as client, server.client(limits=limits) as waiter, ThreadPoolExecutor(200) as pool:
        job_id = submit(client).json()["id"]
        waiting = [pool.submit(waiter.get, f"/jobs/{job_id}?wait=60") for _ in range(200)]
        assert poll(lambda: waiters(client) == 200, deadline_s=60, every_s=0.2)
        # One more does not wait, and everybody else is served.
        extra = client.get(f"/jobs/{job_id}?wait=60")
        assert (extra.json()["state"], extra.headers["Retry-After"]) == ("accepted", "1")
        other = submit(client)
        assert other.status_code == 202
        server.store.jobs.cancel(TENANT, other.json()["id"])
        server.store.jobs.cancel(TENANT, job_id)
        answers = [one.result(timeout=deadline(60)) for one in waiting]
        assert waiters(client) == 0
    assert {answer.json()["state"] for answer in answers} == {"cancelled"}
    assert all("Retry-After" not in answer.headers for answer in answers)


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[tuple[ApiServer, PostgresServer]]:
    """An API on a database of its own, which may be stopped."""
    database = PostgresServer().start()
    env = {"VOICEMILL_DATABASE_URL": database.url("postgres"), "VOICEMILL_SECRET_KEY": "k" * 40}
    server = ApiServer(tmp_path, env=env).start()
    yield server, database
    server.stop()
    database.close()


def test_failed_database_is_503_at_once_until_it_is_back(postgres: tuple[ApiServer, PostgresServer]) -> None:
    server, database = postgres
    with server.client() as client:
        assert submit(client).status_code == 202
        database.stop()
        for answer in (submit(client), client.get("/jobs")):
            assert answer.status_code == 503
            assert answer.headers["Retry-After"]
        assert submit(client).json()["code"] == "store_unavailable"
        assert poll(lambda: client.get("/audio/health").status_code == 503, deadline_s=30)
        database.start()
        assert poll(lambda: submit(client).status_code == 202, deadline_s=30)
        assert poll(lambda: client.get("/audio/health").status_code == 200, deadline_s=30)


def test_two_hundred_equal_requests_make_one_job(postgres: tuple[ApiServer, PostgresServer]) -> None:
    server, _ = postgres
    with server.client(limits=httpx.Limits(max_connections=60)) as client, ThreadPoolExecutor(60) as pool:
        headers = {"Idempotency-Key": "order-1"}

        def send(_number: int) -> httpx.Response:
            return client.post("/tts/synthesize", json={"text": "Hello.", "model": "tone"}, headers=headers)

        answers = list(pool.map(send, range(200)))
    counts = Counter(answer.status_code for answer in answers)
    assert set(counts) <= {202, 409, 503}, counts
    accepted = [answer for answer in answers if answer.status_code == 202]
    assert len({answer.json()["id"] for answer in accepted}) == 1
    assert len(server.store.jobs.list(TENANT).jobs) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in accepted) == 1


def waiters(client: httpx.Client) -> int:
    """How many clients wait, by the server's own metric."""
    for line in client.get("/audio/metrics").text.splitlines():
        if line.startswith("voicemill_waiters "):
            return int(float(line.split()[1]))
    raise AssertionError("the metric is missing")


def read_events(stream: httpx.Response) -> Iterator[tuple[str, dict]]:
    name = ""
    for line in stream.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def wait_for(events: Iterator[tuple[str, dict]], wanted: str, **fields: object) -> dict:
    """The next event of this name with these fields; short states in between may be missing."""
    for name, data in events:
        if name == wanted and fields.items() <= data.items():
            return data
    raise AssertionError(f"the stream ended without {wanted} {fields}")


def test_server_that_shuts_down_releases_its_waiters(tmp_path: Path) -> None:
    server = ApiServer(tmp_path).start()
    with server.client() as client, ThreadPoolExecutor(2) as pool:
        job_id = submit(client).json()["id"]
        poll_answer = pool.submit(client.get, f"/jobs/{job_id}?wait=60")
        stream_answer = pool.submit(client.get, f"/jobs/{job_id}/events")
        assert poll(lambda: waiters(client) == 2, deadline_s=30)
        server.process.process.terminate()
        assert poll_answer.result(deadline(30)).json()["state"] == "accepted"
        assert stream_answer.result(deadline(30)).text.endswith("retry: 1000\n\n")
    assert server.process.process.wait(deadline(30)) == 0
    server.stop()
