"""Uploads to a real server: incomplete, too large, large, and slow."""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from jobs.chunk import Commit
from tests.services.api_server import TENANT, ApiServer
from tests.services.machine_speed import deadline, poll

LIMIT = 400_000_000
BOUNDARY = "BoUnDaRy"
HEAD = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n'
).encode()
TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    server = ApiServer(tmp_path_factory.mktemp("api"), env={"VOICEMILL_MAX_UPLOAD_BYTES": str(LIMIT)}).start()
    server.register_worker("stt.pocketsphinx", {"pocketsphinx-en-us": {"state": "warm"}})
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def empty_storage(server: ApiServer) -> Iterator[None]:
    server.register_worker("stt.pocketsphinx", {"pocketsphinx-en-us": {"state": "warm"}})
    yield
    for job in server.store.jobs.list(TENANT, limit=100).jobs:
        server.storage.delete_prefix(f"jobs/{TENANT}/{job.id}/")
        server.store.jobs.delete(TENANT, job.id)
    assert server.list_object_keys() == []


def connect(server: ApiServer, headers: dict[str, str]) -> socket.socket:
    """A connection on which the head of an upload has been sent."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=deadline(30))
    head = {
        "Host": "test",
        "Authorization": f"Bearer {server.key}",
        "Connection": "close",
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        **headers,
    }
    lines = ["POST /stt/transcribe HTTP/1.1", *(f"{name}: {value}" for name, value in head.items()), "", ""]
    connection.sendall("\r\n".join(lines).encode())
    return connection


def read_problem(connection: socket.socket) -> tuple[int, dict]:
    """Status and problem of the response."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while block := connection.recv(65536):
            received += block
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def chunked(blocks: Iterator[bytes]) -> Iterator[bytes]:
    for block in blocks:
        yield f"{len(block):x}\r\n".encode() + block + b"\r\n"
    yield b"0\r\n\r\n"


@pytest.mark.parametrize("sent", [0, 10, len(HEAD), len(HEAD) + 5_000, len(HEAD) + 900_000])
def test_incomplete_upload_is_refused_and_leaves_nothing(server: ApiServer, sent: int) -> None:
    body = HEAD + b"x" * 1_000_000 + TAIL
    with connect(server, {"Content-Length": str(len(body))}) as connection:
        connection.sendall(body[:sent])
        connection.shutdown(socket.SHUT_WR)
        status, problem = read_problem(connection)
    assert (status, problem["code"], problem["retryable"]) == (400, "body_cut_off", True)
    assert server.list_object_keys() == []
    assert server.store.jobs.list(TENANT).jobs == []


def test_connection_that_breaks_leaves_nothing(server: ApiServer) -> None:
    with connect(server, {"Content-Length": str(100_000_000)}) as connection:
        connection.sendall(HEAD + b"x" * 3_000_000)
        assert poll(lambda: server.list_object_keys() != [], deadline_s=20)
    assert poll(lambda: server.list_object_keys() == [], deadline_s=20)
    assert server.store.jobs.list(TENANT).jobs == []


def test_incomplete_chunked_upload_is_refused_and_leaves_nothing(server: ApiServer) -> None:
    with connect(server, {"Transfer-Encoding": "chunked"}) as connection:
        connection.sendall(b"%x\r\n" % len(HEAD) + HEAD + b"\r\n" + b"%x\r\n" % 5_000 + b"x" * 5_000 + b"\r\n")
        connection.shutdown(socket.SHUT_WR)
        # The server may see a broken connection here and close it without a response.
        received = b""
        with contextlib.suppress(ConnectionResetError):
            while block := connection.recv(65536):
                received += block
    assert not received or received.split()[1] == b"400"
    assert poll(lambda: server.list_object_keys() == [], deadline_s=20)
    assert server.store.jobs.list(TENANT).jobs == []


def test_form_without_its_closing_boundary_is_refused(server: ApiServer) -> None:
    body = HEAD + b"x" * 1000
    with connect(server, {"Content-Length": str(len(body))}) as connection:
        connection.sendall(body)
        status, problem = read_problem(connection)
    assert (status, problem["code"]) == (400, "body_cut_off")
    assert server.list_object_keys() == []


def test_upload_over_the_limit_is_refused_by_its_length_at_once(server: ApiServer) -> None:
    with connect(server, {"Content-Length": str(LIMIT + 10_000_000), "Expect": "100-continue"}) as connection:
        status, problem = read_problem(connection)
    assert (status, problem["code"]) == (413, "too_large")
    assert server.list_object_keys() == []


def test_upload_over_the_limit_without_a_length_is_refused(tmp_path: Path) -> None:
    server = ApiServer(tmp_path, env={"VOICEMILL_MAX_UPLOAD_BYTES": "3000000"}).start()
    try:
        with server.client() as client:
            body = iter([HEAD, *[b"x" * 100_000] * 45, TAIL])
            headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
            answer = client.post("/stt/transcribe", content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        assert server.list_object_keys() == []
    finally:
        server.stop()


def test_json_over_the_limit_is_refused_with_and_without_a_length(server: ApiServer) -> None:
    text = json.dumps({"text": "x" * (33 << 20)}).encode()
    with server.client() as client:
        headers = {"Content-Type": "application/json"}
        known = client.post("/tts/synthesize", content=text, headers=headers)
        unknown = client.post(
            "/tts/synthesize", content=(text[n : n + 65536] for n in range(0, len(text), 65536)), headers=headers
        )
    assert (known.status_code, unknown.status_code) == (413, 413)
    assert known.json()["code"] == unknown.json()["code"] == "too_large"


@pytest.mark.parametrize("with_length", [True, False])
def test_large_upload_passes_through_in_flat_memory(server: ApiServer, with_length: bool) -> None:
    worker = psutil.Process(server.worker_pid())
    block = bytes(range(256)) * 4096
    count = 300
    digest, most = hashlib.sha256(), 0
    with server.client() as client:
        client.get("/audio/health")
        before = worker.memory_info().rss

        def body() -> Iterator[bytes]:
            nonlocal most
            yield HEAD
            for _ in range(count):
                digest.update(block)
                yield block
                most = max(most, worker.memory_info().rss)
            yield TAIL

        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        if with_length:
            headers["Content-Length"] = str(len(HEAD) + count * len(block) + len(TAIL))
        answer = client.post("/stt/transcribe", content=body(), headers=headers)
    assert answer.status_code == 202, answer.text
    job = server.store.jobs.get(TENANT, answer.json()["id"])
    assert (job.input_sha256, job.input_bytes) == (digest.hexdigest(), count * len(block))
    assert server.list_object_keys() == [job.input_key]
    assert most - before < 40_000_000


def test_fields_may_follow_the_file(server: ApiServer) -> None:
    field = f'\r\n--{BOUNDARY}\r\nContent-Disposition: form-data; name="formats"\r\n\r\nsrt, vtt'.encode()
    with server.client() as client:
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        answer = client.post("/stt/transcribe", content=HEAD + b"sound" + field + TAIL, headers=headers)
    assert answer.status_code == 202
    assert answer.json()["request"]["formats"] == ["srt", "vtt"]


def test_large_result_is_downloaded_whole_and_by_range(server: ApiServer) -> None:
    with server.client() as client:
        files = {"file": ("a.wav", b"sound")}
        job_id = client.post("/stt/transcribe", files=files).json()["id"]
        data = bytes(range(256)) * 40_000
        part = server.storage.put_bytes(f"jobs/{TENANT}/{job_id}/result/1/transcript.json", data)
        succeed(
            server,
            job_id,
            {
                "name": "transcript.json",
                "content_type": "application/json",
                "bytes": part.bytes,
                "sha256": part.sha256,
                "key": part.key,
            },
        )
        whole = client.get(f"/jobs/{job_id}/result")
        assert (whole.status_code, whole.content) == (200, data)
        some = client.get(f"/jobs/{job_id}/result", headers={"Range": "bytes=5000000-"})
        assert (some.status_code, some.content) == (206, data[5_000_000:])
        link = client.get(f"/jobs/{job_id}").json()["result"]["files"][0]["url"]
        del client.headers["Authorization"]
        assert client.get(link).content == data


def succeed(server: ApiServer, job_id: str, file: dict) -> None:
    """End the job with this file, as workers would."""
    store = server.store
    plan = store.chunks.claim(["cpu"], "test:host:cpu:1", lease_ms=60_000)
    assert plan is not None and plan.job.id == job_id
    part = server.storage.put_bytes(f"jobs/{TENANT}/{job_id}/parts/plan-0-0-1-0", b"{}")
    store.chunks.commit(plan, Commit(part=part, units_total=0.0, unit="seconds"))
    stitch = store.chunks.claim(["cpu"], "test:host:cpu:1", lease_ms=60_000)
    assert stitch is not None
    part = server.storage.put_bytes(f"jobs/{TENANT}/{job_id}/parts/stitch-0-0-1-0", b"[]")
    usage = {"audio_s": 0.0, "characters": 0, "engine_s": 0.0}
    result = {"duration_s": 0.0, "processing_s": 0.1, "usage": usage, "files": [file]}
    store.chunks.commit(stitch, Commit(part=part, result=result))
