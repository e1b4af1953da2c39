"""Verified writes, against stores that lack what S3 has or that keep other bytes."""

from __future__ import annotations

import hashlib

import pytest

from jobs.errors import Conflict, CorruptObject, InvalidKey, StorageUnavailable
from jobs.storage.s3.bucket import Bucket, etag_of, read_blocks
from tests.memory_s3 import Body, MemoryS3

KEY = "jobs/acme/job_1/a"


def put(store: MemoryS3, data: bytes, bucket: Bucket | None = None) -> str:
    return (bucket or Bucket(store, "bucket")).put_bytes(KEY, data, "audio/wav").sha256


def test_prefix_may_have_slashes_at_both_ends() -> None:
    assert {Bucket(None, "b", prefix).name(KEY) for prefix in ("a/b", "/a/b/", "a/b/")} == {f"a/b/{KEY}"}
    assert Bucket(None, "b", "/").name(KEY) == KEY
    with pytest.raises(InvalidKey):
        Bucket(None, "b").name("../x")


def test_write_with_a_correct_etag_reads_nothing_back() -> None:
    store = MemoryS3()
    assert put(store, b"speech") == hashlib.sha256(b"speech").hexdigest()
    assert store.calls == ["PutObject", "HeadObject"]
    assert store.metadata[KEY] == {"sha256": hashlib.sha256(b"speech").hexdigest()}


def test_equal_bytes_may_be_written_again_and_other_bytes_conflict() -> None:
    store = MemoryS3()
    assert put(store, b"one") == put(store, b"one")
    with pytest.raises(Conflict):
        put(store, b"two")
    assert store.objects[KEY] == b"one"


def test_equal_object_without_our_metadata_is_hashed() -> None:
    store = MemoryS3(objects={KEY: b"one"})
    put(store, b"one")
    with pytest.raises(Conflict):
        put(store, b"eno")
    assert store.calls.count("GetObject") == 2


def test_store_without_conditional_writes_is_asked_for_one_once() -> None:
    store = MemoryS3(has_conditional_writes=False)
    bucket = Bucket(store, "bucket")
    put(store, b"one", bucket)
    assert store.calls.count("PutObject") == 2
    put(store, b"one", bucket)
    with pytest.raises(Conflict):
        put(store, b"two", bucket)
    assert store.calls.count("PutObject") == 2
    assert store.objects[KEY] == b"one"


def test_refused_write_is_an_outage_whether_conditional_or_not() -> None:
    with pytest.raises(StorageUnavailable, match="put_object"):
        put(MemoryS3(fails={"PutObject": "InvalidRequest"}), b"one")
    with pytest.raises(StorageUnavailable, match="AccessDenied"):
        put(MemoryS3(fails={"PutObject": "AccessDenied"}), b"one")


def test_corrupted_object_is_deleted_and_reported() -> None:
    store = MemoryS3(corrupts=True)
    with pytest.raises(CorruptObject):
        put(store, b"speech")
    assert store.objects == {}


def test_etags_of_another_kind_are_checked_by_reading_back_once() -> None:
    store = MemoryS3(has_md5_tags=False)
    bucket = Bucket(store, "bucket")
    put(store, b"speech", bucket)
    assert store.calls.count("GetObject") == 1
    bucket.put_bytes(KEY + "2", b"speech", "audio/wav")
    assert store.calls.count("GetObject") == 1


def test_abort_of_an_upload_that_is_gone_is_no_error() -> None:
    Bucket(MemoryS3(), "bucket").abort_multipart(KEY, "upload-1")


def test_etag_has_no_quotes() -> None:
    assert etag_of({"ETag": '"abc"'}) == "abc"
    assert etag_of({}) == ""


def test_body_is_closed_even_when_reading_stops_early() -> None:
    body = Body(b"abcdef")
    blocks = read_blocks(body, 2)
    assert next(blocks) == b"ab"
    blocks.close()  # type: ignore[attr-defined]
    assert body.is_closed
    assert list(read_blocks(Body(b"abcde"), 2)) == [b"ab", b"cd", b"e"]
