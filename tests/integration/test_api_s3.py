"""The API with a bucket: uploads are stored in parts, results are presigned links."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr

from api.app import create_app
from api.services import Services
from api.wiring import assemble_services
from jobs.chunk import Commit
from jobs.dispatch.dispatch import NullDispatch
from jobs.settings import Settings
from jobs.sql import SqlStore
from jobs.storage.from_settings import open_storage
from jobs.storage.ownership import mark_storage

TENANT = "local"
BIG = bytes(range(256)) * 60_000


@pytest.fixture
def services(s3_url: str, sqlite_store: SqlStore, tmp_path: Path) -> Iterator[Services]:
    settings = Settings(data_dir=tmp_path / "data", storage_url=SecretStr(s3_url))
    storage = open_storage(settings)
    mark_storage(storage, sqlite_store.maintenance.installation_id())
    services = assemble_services(settings, store=sqlite_store, storage=storage, dispatch=NullDispatch())
    yield services
    services.close()


@pytest.fixture
def client(services: Services) -> FlaskClient:
    services.store.keys.ensure_tenant(TENANT)
    _, secret = services.store.keys.create(TENANT, "test", ["admin"])
    client = create_app(services).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    return client


def transcribe(client: FlaskClient, data: bytes, **fields: str):
    """Upload as bytes: the test client would spool a large form to a file that nobody closes."""
    fields = {"model": "tone-listener", **fields}
    head = 'Content-Disposition: form-data; name="'
    parts = [f'--b\r\n{head}{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()]
    file = f'--b\r\n{head}file"; filename="a.wav"\r\n\r\n'.encode() + data + b"\r\n--b--\r\n"
    body = b"".join([*parts, file])
    return client.post("/stt/transcribe", data=body, content_type="multipart/form-data; boundary=b")


def test_upload_of_several_parts_is_stored_whole(client: FlaskClient, services: Services) -> None:
    answer = transcribe(client, BIG)
    assert answer.status_code == 202
    job = services.store.jobs.get(TENANT, answer.json["id"])
    assert job.input_sha256 == hashlib.sha256(BIG).hexdigest()
    assert b"".join(services.storage.read(job.input_key)) == BIG


def test_refused_upload_leaves_nothing(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = []
    open_upload = type(services.storage).open_upload

    def remember(self, key: str, **options: str):
        keys.append(key)
        return open_upload(self, key, **options)

    monkeypatch.setattr(type(services.storage), "open_upload", remember)
    assert transcribe(client, BIG, surprise="1").status_code == 422
    (key,) = keys
    assert services.storage.stat(key) is None
    # No multipart upload stays open: its parts cost money and are in no listing of objects.
    assert services.storage.delete_prefix(key.rsplit("/", 2)[0] + "/") == 0


def test_result_is_a_presigned_link_of_the_bucket(client: FlaskClient, services: Services) -> None:
    job_id = transcribe(client, b"sound").json["id"]
    store, storage = services.store, services.storage
    plan = store.chunks.claim(["cpu"], "test:host:cpu:1", lease_ms=60_000)
    store.chunks.commit(
        plan, Commit(part=storage.put_bytes(f"jobs/{TENANT}/{job_id}/parts/p", b"{}"), units_total=0.0, unit="s")
    )
    stitch = store.chunks.claim(["cpu"], "test:host:cpu:1", lease_ms=60_000)
    part = storage.put_bytes(f"jobs/{TENANT}/{job_id}/result/1/transcript.json", BIG, content_type="application/json")
    file = {
        "name": "transcript.json",
        "content_type": "application/json",
        "bytes": part.bytes,
        "sha256": part.sha256,
        "key": part.key,
    }
    result = {
        "duration_s": 0.0,
        "processing_s": 0.1,
        "files": [file],
        "usage": {"audio_s": 0.0, "characters": 0, "engine_s": 0.0},
    }
    store.chunks.commit(stitch, Commit(part=storage.put_bytes(f"jobs/{TENANT}/{job_id}/parts/s", b"[]"), result=result))

    shown = client.get(f"/jobs/{job_id}").json["result"]["files"][0]["url"]
    answer = client.get(f"/jobs/{job_id}/result")
    assert answer.status_code == 302
    for url in (shown, answer.headers["Location"]):
        assert "X-Amz-Signature" in url or "Signature" in url
        downloaded = httpx.get(url, trust_env=False)
        assert (downloaded.status_code, downloaded.content) == (200, BIG)
        assert downloaded.headers["content-disposition"].startswith('attachment; filename="transcript.json"')
        assert downloaded.headers["content-type"] == "application/json"
    assert client.delete(f"/jobs/{job_id}").status_code == 204
    assert storage.stat(part.key) is None
