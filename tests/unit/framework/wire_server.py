"""A small HTTP server with the API's wire format and its state in memory: the clients are tested over real sockets.

It runs no jobs: a test says when a job makes progress (`move`, `succeed`, `fail`), what fails next (`refuse_next`,
`drop_next`), and reads what was received (`requests`).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import uuid
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

from werkzeug.formparser import parse_form_data

KEY = "vm_test_key"
FINISHED = {"succeeded", "failed", "cancelled", "expired"}


@dataclass
class Received:
    """One request as received."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    form: dict[str, list[str]] = field(default_factory=dict)
    file: bytes | None = None
    file_name: str | None = None
    file_type: str | None = None

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Fault:
    """The response to the next matching request. `status` 0 = the connection is cut."""

    path: str | None
    status: int
    headers: dict[str, str]
    body: bytes


class WireServer:
    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.jobs: dict[str, dict[str, Any]] = {}
        self.files: dict[tuple[str, str], bytes] = {}
        self.deleted: set[str] = set()
        #: Path of a voice's preview → the job that makes it.
        self.previews: dict[str, str] = {}
        #: Path → content that needs no key, as at a presigned URL.
        self.bucket: dict[str, bytes] = {}
        #: Events of each job's stream, in order; appended to while clients read.
        self.events: dict[str, list[tuple[str, Any]]] = {}
        #: Events after which a stream ends as if the server had gone away.
        self.events_per_stream = 10_000
        self.has_event_stream = True
        #: Bytes of a file after which the connection is cut, once.
        self.cut_download_after: int | None = None
        #: Where `/result` redirects to, instead of giving the bytes.
        self.redirect_to: str | None = None
        self.changed = threading.Condition()
        self._keys: dict[str, str] = {}
        self._faults: deque[Fault] = deque()
        server = self

        class Handler(_Handler):
            wire = server

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})

    # -- start and stop ------------------------------------------------------------------------------------------------
    def start(self) -> WireServer:
        self._thread.start()
        return self

    def stop(self) -> None:
        with self.changed:
            for job in self.jobs.values():
                job["gone"] = True
            self.changed.notify_all()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        host, port = self._http.server_address[:2]
        return f"http://{host!s}:{port}"

    # -- for tests -----------------------------------------------------------------------------------------------------
    def refuse_next(
        self,
        status: int,
        code: str = "unavailable",
        *,
        path: str | None = None,
        detail: str = "Not now.",
        retryable: bool = True,
        times: int = 1,
        errors: list[dict[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        problem = {
            "type": "about:blank",
            "title": "Refused",
            "status": status,
            "detail": detail,
            "code": code,
            "instance": "urn:x",
            "retryable": retryable,
            **({"errors": errors} if errors else {}),
        }
        all_headers = {"Content-Type": "application/problem+json", **(headers or {})}
        for _ in range(times):
            self._faults.append(Fault(path, status, all_headers, json.dumps(problem).encode()))

    def answer_next(
        self, status: int, body: bytes, *, path: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        """A response that no Voicemill server gives."""
        self._faults.append(Fault(path, status, {"Content-Type": "text/html", **(headers or {})}, body))

    def drop_next(self, *, path: str | None = None, times: int = 1) -> None:
        """The request is received and handled; its response is lost."""
        for _ in range(times):
            self._faults.append(Fault(path, 0, {}, b""))

    def add_job(self, kind: str = "stt.transcribe", state: str = "accepted", **changes: Any) -> str:
        with self.changed:
            job_id: str = self._add(kind, state=state, **changes)["id"]
            return job_id

    def move(self, job_id: str, *, state: str = "running", done: float = 0.0, total: float = 100.0) -> None:
        """Set the progress of a job; open streams get an event."""
        with self.changed:
            job = self.jobs[job_id]
            changed_state = job["state"] != state
            job["state"] = state
            job["progress"] = _progress("work", done, total)
            self.events[job_id].append(("progress", job["progress"]))
            if changed_state:
                self._add_state_event(job)
            self.changed.notify_all()

    def add_segment(self, job_id: str, text: str) -> None:
        """A segment of the transcript is finished."""
        with self.changed:
            self.events[job_id].append(("segment", {"id": 0, "start": 0.0, "end": 1.0, "text": text}))
            self.changed.notify_all()

    def succeed(self, job_id: str, files: Mapping[str, bytes] | None = None, **result: Any) -> None:
        files = {"transcript.txt": b"hello world\n"} if files is None else files
        with self.changed:
            job = self.jobs[job_id]
            listed = []
            for name, data in files.items():
                self.files[job_id, name] = data
                digest = hashlib.sha256(data).hexdigest()
                listed.append(
                    {
                        "name": name,
                        "content_type": "application/octet-stream",
                        "bytes": len(data),
                        "sha256": digest,
                        "url": f"{self.url}/signed",
                        "url_expires_at": "2027-01-01T00:00:00Z",
                    }
                )
            usage = {"audio_s": 3.5, "characters": 0, "engine_s": 1.0}
            job["result"] = {
                "duration_s": 3.5,
                "processing_s": 1.25,
                "language": "en",
                "quality": None,
                "usage": usage,
                "files": listed,
                **result,
            }
            job["progress"] = _progress("stitch", 100.0, 100.0)
            self._end(job, "succeeded")

    def fail(
        self, job_id: str, *, state: str = "failed", code: str = "engine_failure", detail: str = "It broke."
    ) -> None:
        with self.changed:
            job = self.jobs[job_id]
            job["error"] = {"class": "engine", "code": code, "detail": detail, "field": None, "retryable": False}
            self._end(job, state)

    def received(self, method: str, path: str) -> list[Received]:
        return [request for request in self.requests if (request.method, request.path) == (method, path)]

    # -- for the handler -----------------------------------------------------------------------------------------------
    def take_fault(self, path: str) -> Fault | None:
        with self.changed:
            for fault in self._faults:
                if fault.path == path or (fault.path is None and path != "/audio/health"):
                    self._faults.remove(fault)
                    return fault
        return None

    def submit(self, request: Received, kind: str) -> tuple[dict[str, Any], bool]:
        """(job, replayed)"""
        key = request.headers.get("idempotency-key", "")
        with self.changed:
            if key in self._keys:
                return self.jobs[self._keys[key]], True
            job = self._add(kind, model=request.form.get("model", ["test-model"])[0])
            if key:
                self._keys[key] = job["id"]
            self.changed.notify_all()
            return job, False

    def retry(self, request: Received, job_id: str) -> dict[str, Any]:
        job, _ = self.submit(request, self.jobs[job_id]["kind"])
        job["parent_id"] = job_id
        return job

    def _add(self, kind: str, **changes: Any) -> dict[str, Any]:
        job_id = f"job_{uuid.uuid4().hex}"
        job: dict[str, Any] = {
            "id": job_id,
            "object": "job",
            "kind": kind,
            "state": "accepted",
            "model": "test-model",
            "name": None,
            "priority": "normal",
            "progress": _progress("plan", 0.0, None),
            "created_at": "2026-11-22T08:00:00.5Z",
            "started_at": None,
            "finished_at": None,
            "deadline_at": "2026-11-29T08:00:00Z",
            "delete_at": None,
            "parent_id": None,
            "labels": {},
            "request": {},
            "result": None,
            "error": None,
            "attempts": 1,
            "provenance": {},
            **changes,
        }
        self.jobs[job_id] = job
        self.events[job_id] = []
        return job

    def _end(self, job: dict[str, Any], state: str) -> None:
        job["state"] = state
        job["finished_at"] = "2026-11-22T08:01:00Z"
        self._add_state_event(job)
        self.changed.notify_all()

    def _add_state_event(self, job: dict[str, Any]) -> None:
        shown = {name: value for name, value in job.items() if name not in {"request", "gone"}}
        self.events[job["id"]].append(("state", shown))


def _progress(stage: str, done: float, total: float | None) -> dict[str, Any]:
    return {
        "stage": stage,
        "done": done,
        "total": total,
        "unit": "seconds" if total else None,
        "fraction": done / total if total else 0.0,
        "eta_s": 12.0 if done else None,
    }


class _Handler(BaseHTTPRequestHandler):
    wire: WireServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Tests read `requests` instead."""

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_DELETE(self) -> None:
        self._handle()

    def _handle(self) -> None:
        request = self._read()
        self.wire.requests.append(request)
        fault = self.wire.take_fault(request.path)
        if fault is not None and fault.status:
            self._answer(fault.status, fault.body, fault.headers)
            return
        if fault is None:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self._route(request)
            return
        # The request is handled, its response is lost.
        if request.method == "POST":
            self.wire.submit(request, "stt.transcribe")
        self.close_connection = True

    def _read(self) -> Received:
        split = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        request = Received(self.command, split.path, parse_qs(split.query), headers, body)
        if headers.get("content-type", "").startswith("multipart/"):
            environ = {
                "wsgi.input": BytesIO(body),
                "CONTENT_TYPE": headers["content-type"],
                "CONTENT_LENGTH": str(len(body)),
                "REQUEST_METHOD": "POST",
            }
            _, form, files = parse_form_data(environ, silent=False)
            request.form = {name: list(values) for name, values in form.lists()}
            if "file" in files:
                file = files["file"]
                request.file, request.file_name, request.file_type = file.read(), file.filename, file.content_type
                file.close()
        return request

    def _route(self, request: Received) -> None:
        parts = request.path.strip("/").split("/")
        if request.path in self.wire.bucket:
            self._answer(200, self.wire.bucket[request.path])
        elif request.path == "/audio/health":
            self._json(200, {"status": "ok"})
        elif request.headers.get("authorization") != f"Bearer {KEY}":
            self._problem(401, "unauthorized", "Send a key that this server knows.")
        elif request.method == "POST" and request.path in {"/tts/synthesize", "/stt/transcribe"}:
            kind = request.path.strip("/").replace("/", ".")
            job, replayed = self.wire.submit(request, kind)
            extra = {"Idempotency-Replayed": "true"} if replayed else {}
            self._json(202, job, {"Location": f"/jobs/{job['id']}", "Retry-After": "1", **extra})
        elif request.method == "POST" and parts[:2] == ["tts", "voices"] and parts[-1] == "preview":
            # One job for each path, however often it is requested.
            job_id = self.wire.previews.get(request.path)
            job = self.wire.jobs[job_id] if job_id else self.wire.submit(request, "tts.synthesize")[0]
            self.wire.previews[request.path] = job["id"]
            self._json(202, job, {"Location": f"/jobs/{job['id']}"})
        elif parts[0] == "jobs":
            self._jobs(request, parts[1:])
        elif request.method == "GET" and request.path in LISTS:
            self._json(200, {"object": "list", "data": LISTS[request.path]})
        elif request.path == "/keys" and request.method == "POST":
            self._json(201, {"id": "k1", "object": "key", "secret": "vm_k1_secret", **request.json})
        elif request.path == "/voices" and request.method == "POST":
            self._json(201, {"id": "voice_1", "object": "voice", "name": request.form["name"][0]})
        elif parts[0] in {"keys", "voices"} and request.method == "DELETE":
            self._answer(204, b"")
        else:
            self._problem(404, "not_found", "There is nothing at this address.")

    def _jobs(self, request: Received, parts: list[str]) -> None:
        if not parts:
            self._json(200, self._page(request))
            return
        job_id, action = parts[0], parts[1] if len(parts) > 1 else ""
        job = self.wire.jobs.get(job_id)
        if job_id in self.wire.deleted:
            self._problem(410, "deleted", "It was deleted.")
        elif job is None:
            self._problem(404, "not_found", f"There is no job {job_id}.")
        elif request.method == "DELETE":
            with self.wire.changed:
                self.wire.deleted.add(job_id)
                told = {"id": job_id, "object": "job", "state": "deleted"}
                self.wire.events[job_id].append(("state", told))
                self.wire.changed.notify_all()
            self._answer(204, b"")
        elif action == "events":
            self._stream(job_id)
        elif action == "result":
            self._file(request, job_id)
        elif action == "cancel":
            self.wire.fail(job_id, state="cancelled", code="cancelled", detail="It was cancelled.")
            self._json(200, job)
        elif action == "retry":
            self._json(202, self.wire.retry(request, job_id))
        else:
            self._wait(job, float(request.query.get("wait", ["0"])[0]))
            self._json(200, job)

    def _page(self, request: Received) -> dict[str, Any]:
        limit = int(request.query.get("limit", ["20"])[0])
        after = request.query.get("after", [""])[0]
        states = request.query.get("state")
        found = [job for job in reversed(self.wire.jobs.values()) if not states or job["state"] in states]
        start = next((index + 1 for index, job in enumerate(found) if job["id"] == after), 0)
        page = found[start : start + limit]
        more = start + limit < len(found)
        return {"object": "list", "data": page, "has_more": more, "next": page[-1]["id"] if more else None}

    def _wait(self, job: dict[str, Any], seconds: float) -> None:
        with self.wire.changed:
            self.wire.changed.wait_for(lambda: job["state"] in FINISHED or job.get("gone"), timeout=seconds)

    def _stream(self, job_id: str) -> None:
        if not self.wire.has_event_stream:
            self._problem(503, "too_many_waiters", "Too many clients wait.")
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        self.wfile.write(b": hello\n\n")
        for number, (name, data) in enumerate(self._events(job_id)):
            if number >= self.wire.events_per_stream:
                return
            self.wfile.write(f"id: {number}\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode())
            self.wfile.flush()
            if isinstance(data, dict) and data.get("state") in FINISHED | {"deleted"}:
                return

    def _events(self, job_id: str) -> Iterator[tuple[str, Any]]:
        sent = 0
        job, events = self.wire.jobs[job_id], self.wire.events[job_id]
        while True:
            with self.wire.changed:
                while len(events) <= sent and not job.get("gone"):
                    self.wire.changed.wait()
                if job.get("gone"):
                    return
                event = events[sent]
            yield event
            sent += 1

    def _file(self, request: Received, job_id: str) -> None:
        data = self.wire.files[job_id, request.query["file"][0]]
        if self.wire.redirect_to is not None:
            self._answer(302, b"", {"Location": self.wire.redirect_to})
            return
        cut, self.wire.cut_download_after = self.wire.cut_download_after, None
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data if cut is None else data[:cut])
        self.close_connection = cut is not None

    def _json(self, status: int, value: Any, headers: Mapping[str, str] | None = None) -> None:
        self._answer(status, json.dumps(value).encode(), {"Content-Type": "application/json", **(headers or {})})

    def _problem(self, status: int, code: str, detail: str) -> None:
        body = {
            "type": "about:blank",
            "title": "Refused",
            "status": status,
            "detail": detail,
            "instance": "urn:x",
            "code": code,
            "retryable": False,
        }
        self._answer(status, json.dumps(body).encode(), {"Content-Type": "application/problem+json"})

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("X-Request-Id", "req_1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


LISTS: dict[str, list[dict[str, Any]]] = {
    "/keys": [
        {
            "id": "k0",
            "name": "old laptop",
            "scopes": ["read", "submit"],
            "created_at": "2026-11-01T08:00:00Z",
            "expires_at": None,
            "last_used_at": None,
            "revoked_at": "2026-11-02T08:00:00Z",
        }
    ],
    "/tts/voices": [
        {"id": "en-gb", "name": "British English", "language": "en-GB", "family": "espeak", "gender": "male"},
        {"id": "de", "name": "Deutsch", "language": "de", "family": "espeak", "gender": None},
    ],
    "/audio/models": [
        {
            "name": "espeak",
            "kind": "tts",
            "family": "espeak",
            "languages": ["*"],
            "state": "warm",
            "workers": 1,
            "install": None,
        },
        {
            "name": "whisper-base",
            "kind": "stt",
            "family": "whisper",
            "languages": ["*"],
            "state": "absent",
            "workers": 0,
            "install": "voicemill up --families whisper",
        },
    ],
}
