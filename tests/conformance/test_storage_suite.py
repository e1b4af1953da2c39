"""What every storage promises, asked of the directory and of S3."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from jobs.errors import Conflict, CorruptObject, InvalidKey, Misconfigured, NotFound
from jobs.settings import Settings
from jobs.sql import SqlStore
from jobs.storage.from_settings import open_storage
from jobs.storage.object_keys import storage_id_key
from jobs.storage.ownership import mark_storage, read_storage_owner, require_own_storage
from jobs.storage.pairing import pair_storage
from jobs.storage.storage import Storage

KEY = "jobs/acme/job_1/parts/work-1-0-1-abcd"
BIG = random.Random(7).randbytes(21 << 20)  # three parts on S3


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(params=["directory", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    url = SecretStr(request.getfixturevalue("s3_url")) if request.param == "s3" else None
    return open_storage(Settings(data_dir=tmp_path / "data", storage_url=url))


def everything(storage: Storage, key: str) -> bytes:
    return b"".join(storage.read(key))


def test_what_was_put_is_fetched_and_verified(storage: Storage, tmp_path: Path) -> None:
    part = storage.put_bytes(KEY, b"speech", content_type="audio/wav")
    assert (part.key, part.sha256, part.bytes) == (KEY, sha(b"speech"), 6)
    storage.fetch(KEY, tmp_path / "copy", sha256=part.sha256, bytes=6)
    assert (tmp_path / "copy").read_bytes() == b"speech"
    assert storage.stat(KEY) == 6


@pytest.mark.parametrize("size", [0, 1, (16 << 20), (16 << 20) + 1])
def test_files_of_every_size_come_back_whole(storage: Storage, tmp_path: Path, size: int) -> None:
    source = tmp_path / "source"
    source.write_bytes(BIG[:size])
    part = storage.put_file(KEY, source)
    assert (part.sha256, part.bytes) == (sha(BIG[:size]), size)
    storage.fetch(KEY, tmp_path / "copy", sha256=part.sha256, bytes=size)
    assert (tmp_path / "copy").read_bytes() == BIG[:size]


@pytest.mark.parametrize("size", [0, 5, 8 << 20, (8 << 20) + 1, len(BIG)])
def test_a_stream_is_hashed_and_invisible_until_it_is_complete(storage: Storage, size: int) -> None:
    upload = storage.open_upload(KEY)
    for start in range(0, size, 700_001):
        upload.write(BIG[start : min(size, start + 700_001)])
    assert storage.stat(KEY) is None
    part = upload.complete()
    assert (part.sha256, part.bytes) == (sha(BIG[:size]), size)
    assert sha(everything(storage, KEY)) == part.sha256


def test_an_aborted_stream_leaves_nothing(storage: Storage) -> None:
    upload = storage.open_upload(KEY)
    upload.write(BIG)
    upload.abort()
    upload.abort()
    assert storage.stat(KEY) is None
    assert storage.delete_prefix("jobs/acme/job_1/") == 0


def test_what_a_killed_process_uploaded_is_discarded_when_it_is_stale(storage: Storage) -> None:
    upload = storage.open_upload(KEY)
    upload.write(BIG)
    storage.put_bytes("jobs/acme/job_1/parts/other", b"kept")
    assert storage.discard_stale_uploads(older_than_s=-3600) == 1
    assert storage.discard_stale_uploads(older_than_s=-3600) == 0
    assert storage.stat(KEY) is None and storage.stat("jobs/acme/job_1/parts/other") == 4
    upload.abort()


def test_the_same_bytes_again_are_no_error(storage: Storage, tmp_path: Path) -> None:
    first = storage.put_bytes(KEY, b"same")
    assert storage.put_bytes(KEY, b"same") == first
    (tmp_path / "file").write_bytes(b"same")
    assert storage.put_file(KEY, tmp_path / "file") == first


def test_a_big_stream_may_be_repeated(storage: Storage) -> None:
    stored = []
    for _ in range(2):
        upload = storage.open_upload(KEY)
        upload.write(BIG)
        stored.append(upload.complete())
    assert stored[0] == stored[1]


def test_an_object_is_never_overwritten(storage: Storage) -> None:
    storage.put_bytes(KEY, b"first")
    with pytest.raises(Conflict):
        storage.put_bytes(KEY, b"other")
    upload = storage.open_upload(KEY)
    upload.write(BIG)
    with pytest.raises(Conflict):
        upload.complete()
    upload.abort()
    assert everything(storage, KEY) == b"first"


def test_of_racing_writers_one_wins_and_the_rest_are_told(storage: Storage) -> None:
    def put(n: int) -> bytes | None:
        data = b"%d" % n * 1000
        try:
            storage.put_bytes(KEY, data)
        except Conflict:
            return None
        return data

    with ThreadPoolExecutor(8) as pool:
        winners = [data for data in pool.map(put, range(8)) if data is not None]
    assert winners == [everything(storage, KEY)]


def test_a_wrong_promise_is_refused_and_leaves_no_file(storage: Storage, tmp_path: Path) -> None:
    storage.put_bytes(KEY, b"speech")
    for promise in ({"sha256": sha(b"other")}, {"sha256": None, "bytes": 5}, {"sha256": None, "bytes": 7}):
        with pytest.raises(CorruptObject):
            storage.fetch(KEY, tmp_path / "copy", **promise)
        assert list(tmp_path.glob("copy*")) == []


def test_a_missing_object_is_told_at_once(storage: Storage, tmp_path: Path) -> None:
    assert storage.stat(KEY) is None
    for ask in (
        lambda: storage.open(KEY),
        lambda: storage.read(KEY),
        lambda: storage.fetch(KEY, tmp_path / "copy", sha256=None),
        lambda: storage.copy(KEY, KEY + "2"),
    ):
        with pytest.raises(NotFound):
            ask()


def test_a_prefix_is_not_an_object(storage: Storage) -> None:
    storage.put_bytes(KEY, b"x")
    assert storage.stat("jobs/acme/job_1/parts") is None
    with pytest.raises(NotFound):
        storage.open("jobs/acme/job_1/parts")
    with pytest.raises(NotFound):
        storage.open(KEY + "/below")


def test_ranges_are_read_as_asked(storage: Storage) -> None:
    storage.put_bytes(KEY, BIG[:100_000])
    assert b"".join(storage.read(KEY, offset=99_990)) == BIG[99_990:100_000]
    assert b"".join(storage.read(KEY, offset=5, length=10)) == BIG[5:15]
    assert b"".join(storage.read(KEY, offset=99_999, length=10)) == BIG[99_999:100_000]
    assert b"".join(storage.read(KEY, length=0)) == b""
    assert b"".join(storage.read(KEY, offset=100_000)) == b""
    assert max(len(block) for block in storage.read(KEY, block=1000)) <= 1000


def test_an_open_object_reads_like_a_file(storage: Storage) -> None:
    storage.put_bytes(KEY, b"line 1\nline 2\n")
    with storage.open(KEY) as file:
        assert file.readline() == b"line 1\n"
        assert file.read() == b"line 2\n"
        assert file.read() == b""


def test_a_copy_outlives_its_source(storage: Storage) -> None:
    storage.put_bytes(KEY, b"speech")
    target = "jobs/acme/job_2/parts/work-1-0-1-abcd"
    storage.copy(KEY, target)
    storage.copy(KEY, target)
    assert storage.delete_prefix("jobs/acme/job_1/") == 1
    assert everything(storage, target) == b"speech"


def test_delete_takes_the_prefix_and_nothing_beside_it(storage: Storage) -> None:
    for name in ("jobs/acme/job_1/a", "jobs/acme/job_1/b/c", "jobs/acme/job_10/a", "jobs/other/job_1/a"):
        storage.put_bytes(name, b"x")
    assert storage.delete_prefix("jobs/acme/job_1/") == 2
    assert storage.delete_prefix("jobs/acme/job_1/") == 0
    assert storage.stat("jobs/acme/job_1/a") is None
    assert storage.stat("jobs/acme/job_10/a") == 1
    assert storage.stat("jobs/other/job_1/a") == 1
    storage.put_bytes("jobs/acme/job_1/a", b"other bytes, later")


@pytest.mark.parametrize("key", ["../x", "jobs/../../x", "/etc/passwd", "jobs//x", "jobs/.x/y", "jobs/a\x00b"])
def test_keys_that_climb_are_refused(storage: Storage, tmp_path: Path, key: str) -> None:
    for ask in (
        lambda: storage.put_bytes(key, b"x"),
        lambda: storage.open_upload(key),
        lambda: storage.open(key),
        lambda: storage.stat(key),
        lambda: storage.fetch(key, tmp_path / "x", sha256=None),
        lambda: storage.copy(KEY, key),
        lambda: storage.delete_prefix(key + "/"),
        lambda: storage.delete_prefix("jobs/"),
    ):
        with pytest.raises(InvalidKey):
            ask()


def test_a_storage_that_works_says_so(storage: Storage) -> None:
    storage.check()


def test_the_marker_is_written_once_and_tells_whose_storage_it_is(storage: Storage) -> None:
    with pytest.raises(Misconfigured, match="no marker"):
        require_own_storage(storage, "mine")
    assert read_storage_owner(storage) is None
    assert mark_storage(storage, "mine") == "mine"
    assert mark_storage(storage, "mine") == "mine"
    assert mark_storage(storage, "restored from a backup") == "mine"
    require_own_storage(storage, "mine")
    with pytest.raises(Misconfigured, match="another installation"):
        require_own_storage(storage, "restored from a backup")


def test_of_a_directory_and_a_bucket_a_database_is_paired_with_the_first(
    sqlite_store: SqlStore, tmp_path: Path, s3_url: str
) -> None:
    directory = open_storage(Settings(data_dir=tmp_path / "data"))
    bucket = open_storage(Settings(data_dir=tmp_path / "data", storage_url=SecretStr(s3_url)))
    pair_storage(bucket, sqlite_store.maintenance)
    with pytest.raises(Misconfigured, match="is not the one"):
        pair_storage(directory, sqlite_store.maintenance)
    pair_storage(bucket, sqlite_store.maintenance)


def test_processes_that_pair_one_new_storage_at_once_are_all_let_in(storage: Storage, sqlite_store: SqlStore) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: pair_storage(storage, sqlite_store.maintenance), range(8)))
    paired = sqlite_store.maintenance.paired_storage_id()
    assert paired is not None
    assert storage.stat(storage_id_key(paired)) is not None
