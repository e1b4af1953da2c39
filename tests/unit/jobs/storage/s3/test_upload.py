"""Streaming uploads: one PUT for a small stream, parts for a large one."""

from __future__ import annotations

import hashlib

import pytest

from jobs.errors import Conflict, CorruptObject, StorageUnavailable
from jobs.storage.s3 import upload as upload_module
from jobs.storage.s3.bucket import Bucket
from jobs.storage.s3.upload import S3Upload, part_bytes
from tests.memory_s3 import MemoryS3

KEY = "jobs/acme/job_1/a"


@pytest.fixture(autouse=True)
def tiny_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_module, "_FIRST_PART_BYTES", 4)


def open_upload(store: MemoryS3) -> S3Upload:
    return S3Upload(Bucket(store, "bucket"), KEY, "audio/wav")


def write(store: MemoryS3, data: bytes, *, block: int = 3) -> S3Upload:
    upload = open_upload(store)
    for start in range(0, len(data), block):
        upload.write(data[start : start + block])
    return upload


@pytest.mark.parametrize("data", [b"", b"a", b"abcd"])
def test_stream_of_one_part_is_one_put(data: bytes) -> None:
    store = MemoryS3()
    stored = write(store, data).complete()
    assert store.objects == {KEY: data}
    assert (stored.bytes, stored.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert "CreateMultipartUpload" not in store.calls


@pytest.mark.parametrize("block", [1, 3, 9])
@pytest.mark.parametrize("data", [b"abcde", b"abcdefgh", b"abcdefghi"])
def test_longer_stream_is_sent_in_parts_of_which_none_is_empty(data: bytes, block: int) -> None:
    store = MemoryS3()
    upload = write(store, data, block=block)
    assert store.objects == {}
    stored = upload.complete()
    assert store.objects == {KEY: data}
    assert (stored.bytes, stored.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert store.calls.count("UploadPart") == -(-len(data) // 4)
    assert store.uploads == {}


def test_abort_deletes_the_parts_and_may_be_repeated() -> None:
    store = MemoryS3()
    upload = write(store, b"abcdefghi")
    assert store.uploads
    upload.abort()
    upload.abort()
    assert (store.uploads, store.objects) == ({}, {})


def test_abort_during_an_outage_raises_nothing() -> None:
    store = MemoryS3()
    upload = write(store, b"abcdefghi")
    store.fails["AbortMultipartUpload"] = "SlowDown"
    upload.abort()


def test_failed_part_leaves_no_object() -> None:
    store = MemoryS3(fails={"UploadPart": "SlowDown"})
    with pytest.raises(StorageUnavailable):
        write(store, b"abcdefghi")
    assert store.objects == {}


def test_key_that_is_taken_by_other_bytes_conflicts() -> None:
    store = MemoryS3(objects={KEY: b"x" * 9})
    upload = write(store, b"abcdefghi")
    with pytest.raises(Conflict):
        upload.complete()
    upload.abort()
    assert (store.objects, store.uploads) == ({KEY: b"x" * 9}, {})


def test_part_with_another_etag_makes_the_whole_object_be_checked() -> None:
    store = MemoryS3(corrupts=True, has_md5_tags=False)
    with pytest.raises(CorruptObject):
        write(store, b"abcdefghi").complete()
    assert store.objects == {}


def test_ten_thousand_parts_hold_terabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    sizes = [part_bytes(number) for number in range(1, 10_001)]
    assert min(sizes) >= 5 << 20
    assert max(sizes) <= 5 << 30
    assert sum(sizes) > 2 << 40
