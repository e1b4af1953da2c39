"""What is particular to S3: download links, abandoned uploads, outages."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr

from jobs.errors import StorageUnavailable
from jobs.settings import Settings
from jobs.storage.from_settings import open_storage
from jobs.storage.s3 import s3_storage
from jobs.storage.s3.s3_storage import S3Storage
from tests.services.process import free_port
from tests.services.s3 import S3Server

KEY = "jobs/acme/job_1/result/1/audio.mp3"


@pytest.fixture
def storage(s3_url: str, tmp_path: Path) -> S3Storage:
    storage = open_storage(Settings(data_dir=tmp_path, storage_url=SecretStr(s3_url)))
    assert isinstance(storage, S3Storage)
    return storage


def test_link_downloads_with_the_given_name_and_type(storage: S3Storage) -> None:
    storage.put_bytes(KEY, b"<html>", content_type="text/html")
    link = storage.url(KEY, filename="Grüße & mehr.mp3", content_type="audio/mpeg") or ""
    answer = httpx.get(link)
    assert answer.content == b"<html>"
    assert answer.headers["content-type"] == "audio/mpeg"
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert "filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%26%20mehr.mp3" in answer.headers["content-disposition"]


def test_parts_of_an_abandoned_upload_are_deleted_with_the_job(
    storage: S3Storage, s3_server: S3Server, s3_url: str
) -> None:
    upload = storage.open_upload(KEY)
    upload.write(b"x" * (9 << 20))  # one part is in the bucket now, and the upload is never completed
    bucket = urlsplit(s3_url).netloc
    client = s3_server.client()
    assert len(client.list_multipart_uploads(Bucket=bucket)["Uploads"]) == 1
    assert storage.delete_prefix("jobs/acme/job_1/") == 0
    assert "Uploads" not in client.list_multipart_uploads(Bucket=bucket)
    client.close()


def test_more_objects_than_one_page_are_deleted(storage: S3Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_storage, "_PAGE", 10)
    for n in range(25):
        storage.put_bytes(f"jobs/acme/job_1/parts/{n}", b"")
    assert storage.delete_prefix("jobs/acme/job_1/") == 25
    assert storage.delete_prefix("jobs/acme/job_1/") == 0


def test_unreachable_endpoint_and_missing_bucket_are_outages(s3_url: str) -> None:
    endpoint = parse_qs(urlsplit(s3_url).query)["endpoint_url"][0]
    for bucket, url in (("bucket", f"http://127.0.0.1:{free_port()}"), ("there-is-no-such-bucket", endpoint)):
        storage = S3Storage(bucket, endpoint_url=url, region="us-east-1")
        with pytest.raises(StorageUnavailable):
            storage.check()
        with pytest.raises(StorageUnavailable):
            storage.put_bytes(KEY, b"x")
        with pytest.raises(StorageUnavailable):
            storage.read(KEY)
