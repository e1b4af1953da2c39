"""What is particular to S3: links for downloads, uploads that were left behind, an endpoint that is not there."""

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
from jobs.storage.s3.s3_storage import S3Storage, attachment
from jobs.storage.s3.upload import part_bytes
from tests.services.process import free_port

KEY = "jobs/acme/job_1/result/1/audio.mp3"


@pytest.fixture
def storage(s3_url: str, tmp_path: Path) -> S3Storage:
    storage = open_storage(Settings(data_dir=tmp_path, storage_url=SecretStr(s3_url)))
    assert isinstance(storage, S3Storage)
    return storage


def test_a_link_downloads_under_the_name_and_type_that_we_say(storage: S3Storage) -> None:
    storage.put_bytes(KEY, b"<html>", content_type="text/html")
    link = storage.url(KEY, filename="Grüße & mehr.mp3", content_type="audio/mpeg") or ""
    answer = httpx.get(link)
    assert answer.content == b"<html>"
    assert answer.headers["content-type"] == "audio/mpeg"
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert "filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%26%20mehr.mp3" in answer.headers["content-disposition"]


@pytest.mark.parametrize(("asked", "given"), [(60, 60), (900, 900), (86_400, 900), (0, 1), (-5, 1)])
def test_a_link_is_good_for_a_quarter_of_an_hour_at_most(storage: S3Storage, asked: int, given: int) -> None:
    link = storage.url(KEY, filename="a.mp3", content_type="audio/mpeg", expires_s=asked) or ""
    assert parse_qs(urlsplit(link).query)["X-Amz-Expires"] == [str(given)]


@pytest.mark.parametrize("name", ['a".mp3', "a\r\nX: y", "a/b", "ü", ""])
def test_no_file_name_breaks_out_of_its_header(name: str) -> None:
    header = attachment(name)
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2


def test_parts_of_an_upload_that_was_killed_go_with_the_job(storage: S3Storage, s3_server, s3_url: str) -> None:
    upload = storage.open_upload(KEY)
    upload.write(b"x" * (9 << 20))  # a part is in the bucket now, and nobody completes it
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


def test_parts_grow_so_that_ten_thousand_hold_terabytes() -> None:
    sizes = [part_bytes(number) for number in range(1, 10_001)]
    assert min(sizes) >= 5 << 20
    assert max(sizes) <= 5 << 30
    assert sum(sizes) > 2 << 40


def test_a_dead_endpoint_and_a_missing_bucket_are_outages(s3_url: str) -> None:
    endpoint = parse_qs(urlsplit(s3_url).query)["endpoint_url"][0]
    for bucket, url in (("bucket", f"http://127.0.0.1:{free_port()}"), ("there-is-no-such-bucket", endpoint)):
        storage = S3Storage(bucket, endpoint_url=url, region="us-east-1")
        with pytest.raises(StorageUnavailable):
            storage.check()
        with pytest.raises(StorageUnavailable):
            storage.put_bytes(KEY, b"x")
        with pytest.raises(StorageUnavailable):
            storage.read(KEY)


def test_missing_credentials_are_an_outage_that_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    storage = S3Storage("bucket", endpoint_url=f"http://127.0.0.1:{free_port()}", region="us-east-1")
    with pytest.raises(StorageUnavailable, match="NoCredentials"):
        storage.put_bytes(KEY, b"x")
