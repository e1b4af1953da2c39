"""Which storage the settings ask for, and what is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from jobs.errors import Misconfigured
from jobs.settings import Settings
from jobs.storage.directory_storage import DirectoryStorage
from jobs.storage.from_settings import open_storage
from jobs.storage.s3.s3_storage import S3Storage


def test_unset_is_a_directory_of_the_data_directory(tmp_path: Path) -> None:
    storage = open_storage(Settings(data_dir=tmp_path))
    assert isinstance(storage, DirectoryStorage)
    storage.put_bytes("jobs/acme/job_1/a", b"x")
    assert (tmp_path / "objects/jobs/acme/job_1/a").read_bytes() == b"x"
    assert storage.url("jobs/acme/job_1/a", filename="a", content_type="audio/wav") is None


def test_an_s3_url_names_bucket_prefix_and_endpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    url = (
        "s3://bucket/a/prefix?endpoint_url=http://store:9000&region=eu-west-1&public_endpoint_url=https://files.example"
    )
    storage = open_storage(Settings(data_dir=tmp_path, storage_url=SecretStr(url)))
    assert isinstance(storage, S3Storage)
    link = storage.url("jobs/acme/job_1/a", filename="a.mp3", content_type="audio/mpeg") or ""
    assert link.startswith("https://files.example/bucket/a/prefix/jobs/acme/job_1/a?")
    assert "eu-west-1" in link
    assert not (tmp_path / "objects").exists()


@pytest.mark.parametrize(
    "url",
    [
        "bucket",
        "s3://",
        "s3:///prefix",
        "gs://bucket",
        "https://bucket.s3.amazonaws.com",
        "s3://id:secret@bucket/prefix",
        "s3://bucket?endpoint=http://store:9000",
        "s3://bucket?endpoint_url=store:9000",
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, url: str) -> None:
    with pytest.raises(Misconfigured, match="VOICEMILL_STORAGE_URL") as caught:
        open_storage(Settings(data_dir=tmp_path, storage_url=SecretStr(url)))
    assert "secret@" not in str(caught.value)


def test_a_directory_that_cannot_be_made_names_its_setting(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(Misconfigured, match="file/objects") as caught:
        open_storage(Settings(data_dir=tmp_path / "file"))
    assert caught.value.field == "VOICEMILL_DATA_DIR"
