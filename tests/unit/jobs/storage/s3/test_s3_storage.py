"""What S3Storage decides without a store: links, headers, configuration."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from jobs.errors import InvalidKey, StorageUnavailable
from jobs.storage.s3.s3_storage import S3Storage, format_content_disposition
from tests.services.process import free_port

KEY = "jobs/acme/job_1/result/1/audio.mp3"


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> S3Storage:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    return S3Storage("bucket", endpoint_url=f"http://127.0.0.1:{free_port()}", region="us-east-1")


@pytest.mark.parametrize(("requested_s", "valid_s"), [(60, 60), (900, 900), (86_400, 900), (0, 1), (-5, 1)])
def test_link_is_valid_for_fifteen_minutes_at_most(storage: S3Storage, requested_s: int, valid_s: int) -> None:
    link = storage.url(KEY, filename="a.mp3", content_type="audio/mpeg", expires_s=requested_s) or ""
    assert parse_qs(urlsplit(link).query)["X-Amz-Expires"] == [str(valid_s)]


@pytest.mark.parametrize("name", ['a".mp3', "a\r\nX: y", "a/b", "ü", ""])
def test_file_name_cannot_break_out_of_its_header(name: str) -> None:
    header = format_content_disposition(name)
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2


def test_nothing_is_requested_for_an_empty_range(storage: S3Storage) -> None:
    assert list(storage.read(KEY, length=0)) == []
    with pytest.raises(StorageUnavailable):
        storage.read(KEY, length=1)


def test_invalid_keys_are_refused_before_anything_is_requested(storage: S3Storage, tmp_path: Path) -> None:
    calls = (
        lambda: storage.put_bytes("../x", b""),
        lambda: storage.open_upload("../x"),
        lambda: storage.copy(KEY, "../x"),
        lambda: storage.stat("../x"),
        lambda: storage.fetch("../x", tmp_path / "x", sha256=None),
        lambda: storage.delete_prefix("jobs/"),
    )
    for call in calls:
        with pytest.raises(InvalidKey):
            call()


def test_missing_credentials_are_an_outage_that_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    storage = S3Storage("bucket", endpoint_url=f"http://127.0.0.1:{free_port()}", region="us-east-1")
    with pytest.raises(StorageUnavailable, match="NoCredentials"):
        storage.put_bytes(KEY, b"x")
