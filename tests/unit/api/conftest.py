"""The application over a real store (SQLite) and a real storage (a directory), without workers.

`client` sends a key with every scope; `anyone` sends none. `worker()` makes a live worker row; `finished_job()` runs a
job's chunks by hand, as a worker would.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.app import create_app
from api.services import Services
from api.wiring import assemble_services
from jobs.chunk import Commit, NewChunk
from jobs.job import Job, NewJob
from jobs.settings import Settings
from jobs.sql import SqlStore
from jobs.states import Step
from jobs.storage.directory_storage import DirectoryStorage
from jobs.storage.object_keys import MARKER_KEY, part_key, result_key
from jobs.storage.ownership import mark_storage
from jobs.stored_object import StoredObject
from jobs.worker import WorkerInfo, WorkerRow

TENANT = "local"
ALL_SCOPES = ("read", "submit", "stream", "admin")
VOICES = [
    {"id": "en-us", "name": "English (America)", "language": "en-US", "family": "espeak", "sample_rate_hz": 22050},
    {"id": "de", "name": "German", "language": "de", "family": "espeak", "sample_rate_hz": 22050},
]


class RecordingDispatch:
    """A dispatch that remembers its notifications."""

    def __init__(self) -> None:
        self.notified: list[tuple[str, str]] = []

    def notify(self, queue: str, *, job_id: str = "", step: Step | None = None, count: int = 1) -> None:
        self.notified.append((queue, job_id))

    def check(self) -> None:
        return

    def close(self) -> None:
        return


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", public_url="http://voicemill.test")


@pytest.fixture
def storage(settings: Settings) -> DirectoryStorage:
    return DirectoryStorage(settings.data_dir / "objects")


@pytest.fixture
def objects(settings: Settings) -> Callable[[], list[str]]:
    """Keys of everything that is stored, drafts of uploads included."""
    root = settings.data_dir / "objects"

    def list_keys() -> list[str]:
        found = sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
        return [key for key in found if key != MARKER_KEY]

    return list_keys


@pytest.fixture
def dispatch() -> RecordingDispatch:
    return RecordingDispatch()


@pytest.fixture
def services(
    settings: Settings, sqlite_store: SqlStore, storage: DirectoryStorage, dispatch: RecordingDispatch
) -> Iterator[Services]:
    sqlite_store.keys.ensure_tenant(TENANT)
    mark_storage(storage, sqlite_store.maintenance.installation_id())
    services = assemble_services(settings, store=sqlite_store, storage=storage, dispatch=dispatch)
    # Rows that a test writes are seen at once.
    services.workers._fresh_s = 0.0
    yield services
    services.close()


@pytest.fixture
def app(services: Services) -> Flask:
    return create_app(services)


@pytest.fixture
def anyone(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def client_of(app: Flask, services: Services) -> Callable[..., FlaskClient]:
    """A client of any tenant with any scopes."""

    def make(tenant: str = TENANT, scopes: Sequence[str] = ALL_SCOPES) -> FlaskClient:
        services.store.keys.ensure_tenant(tenant)
        _, secret = services.store.keys.create(tenant, "test", list(scopes))
        client = app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
        return client

    return make


@pytest.fixture
def client(client_of: Callable[..., FlaskClient]) -> FlaskClient:
    return client_of()


@pytest.fixture
def worker(services: Services) -> Callable[..., WorkerRow]:
    """A worker that was seen just now."""

    def make(queue: str = "tts.espeak", *, models: Mapping[str, Any] | None = None, voices: Any = VOICES) -> WorkerRow:
        names = {entry.name: {"state": "warm"} for entry in services.catalog.of_queue(queue) if entry.source is None}
        info: dict[str, Any] = {"models": names if models is None else models}
        if queue.startswith("tts."):
            info["voices"] = voices
        row = WorkerRow(
            id=f"test:host:{queue}:1",
            queues=[queue],
            slots=1,
            device="cpu",
            last_seen=0,
            info=WorkerInfo.from_json(info),
        )
        services.store.workers.register(row)
        return row

    return make


@pytest.fixture
def finished_job(services: Services) -> Callable[..., Job]:
    """A job that succeeded with the given result files (name → content type and bytes)."""

    def make(
        files: Mapping[str, tuple[str, bytes]],
        *,
        kind: str = "tts.synthesize",
        drops_parts: bool = False,
        **changes: Any,
    ) -> Job:
        model = "espeak" if kind.startswith("tts") else "pocketsphinx-en-us"
        new = NewJob(**{"tenant_id": TENANT, "kind": kind, "model": model, "params": {"text": "hello"}, **changes})
        job = services.store.jobs.submit(new).job
        finish(services, job, files, drops_parts=drops_parts)
        return services.store.jobs.get(job.tenant_id, job.id)

    return make


def finish(services: Services, job: Job, files: Mapping[str, tuple[str, bytes]], *, drops_parts: bool = False) -> None:
    """Run plan, one work chunk and stitch of the job."""
    run_plan(services, job, units=[5.0])
    run_work(services, job, b"part")
    claim = services.store.chunks.claim(["cpu"], "test:host:cpu:1", lease_ms=60_000)
    assert claim is not None and claim.job.id == job.id
    stored = []
    for name, (content_type, data) in files.items():
        key = result_key(job.tenant_id, job.id, name, fence=claim.chunk.fence)
        part = services.storage.put_bytes(key, data, content_type=content_type)
        stored.append(
            {"name": name, "content_type": content_type, "bytes": part.bytes, "sha256": part.sha256, "key": key}
        )
    usage = {"audio_s": 1.5, "characters": 5, "engine_s": 0.1}
    result = {"duration_s": 1.5, "processing_s": 0.2, "usage": usage, "files": stored}
    part = put_part(services, claim, b"{}")
    services.store.chunks.commit(claim, Commit(part=part, result=result, drops_parts=drops_parts))


def run_plan(services: Services, job: Job, *, units: Sequence[float], queue: str | None = None) -> None:
    """Commit the plan: one work chunk for each number of units."""
    claim = services.store.chunks.claim(["cpu"], "test:host:cpu:1", lease_ms=60_000)
    assert claim is not None and claim.job.id == job.id
    queue = queue or services.catalog.get(job.model, job.kind.split(".")[0]).queue
    chunks = [
        NewChunk(idx=idx, queue=queue, units=units, span={"idx": idx, "start": idx, "end": idx + 1, "units": units})
        for idx, units in enumerate(units)
    ]
    part = put_part(services, claim, b"{}")
    services.store.chunks.commit(
        claim, Commit(part=part, new_chunks=chunks, units_total=float(sum(units)), unit="characters")
    )


def run_work(services: Services, job: Job, part: bytes) -> None:
    """Commit the next work chunk with this part."""
    queue = services.catalog.get(job.model, job.kind.split(".")[0]).queue
    claim = services.store.chunks.claim([queue], "test:host:work:1", lease_ms=60_000)
    assert claim is not None and claim.job.id == job.id
    services.store.chunks.commit(claim, Commit(part=put_part(services, claim, part)))


def put_part(services: Services, claim: Any, data: bytes) -> StoredObject:
    chunk = claim.chunk
    key = part_key(
        chunk.tenant_id,
        chunk.job_id,
        step=chunk.step,
        round=chunk.round,
        idx=chunk.idx,
        fence=chunk.fence,
        sha256=hashlib.sha256(data).hexdigest(),
    )
    return services.storage.put_bytes(key, data)
