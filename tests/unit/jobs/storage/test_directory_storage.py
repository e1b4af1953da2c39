"""What is particular to a directory: the order in which things reach the disk, and who may read them."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from jobs.errors import InvalidKey, StorageUnavailable
from jobs.storage.directory_storage import DirectoryStorage

KEY = "jobs/acme/job_1/parts/a"


def test_keys_that_lead_elsewhere_are_refused_by_every_call(tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(b"another's")
    storage = DirectoryStorage(tmp_path / "objects")
    storage.put_bytes(KEY, b"x")
    for call in (
        lambda: storage.put_bytes("../outside", b""),
        lambda: storage.open_upload("../outside"),
        lambda: storage.open("../outside"),
        lambda: storage.copy(KEY, "../outside"),
        lambda: storage.copy("../outside", KEY + "b"),
        lambda: storage.stat("../outside"),
        lambda: storage.fetch("../outside", tmp_path / "copy", sha256=None),
        lambda: storage.delete_prefix("jobs/../../"),
    ):
        with pytest.raises(InvalidKey):
            call()
    assert (tmp_path / "outside").read_bytes() == b"another's"


def test_bytes_reach_the_disk_before_the_name_and_the_name_before_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = DirectoryStorage(tmp_path)
    steps: list[str] = []
    fsync, link = os.fsync, os.link

    def recording_fsync(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if path.is_relative_to(tmp_path):
            steps.append("fsync bytes" if path.is_file() else f"fsync {path.relative_to(tmp_path)}")
        fsync(descriptor)

    def recording_link(source: Path, target: Path) -> None:
        steps.append("link")
        link(source, target)

    monkeypatch.setattr(os, "fsync", recording_fsync)
    monkeypatch.setattr(os, "link", recording_link)
    storage.put_bytes(KEY, b"x")
    assert steps == [
        "fsync bytes",
        "link",
        "fsync jobs/acme/job_1/parts",
        "fsync jobs/acme/job_1",
        "fsync jobs/acme",
        "fsync jobs",
        "fsync .",
    ]
    steps.clear()
    storage.put_bytes(KEY + "2", b"x")  # the directories are known to be there for good
    assert steps == ["fsync bytes", "link", "fsync jobs/acme/job_1/parts"]
    steps.clear()
    DirectoryStorage(tmp_path).put_bytes(KEY + "3", b"x")  # but not to another process
    assert steps[-1] == "fsync ."
    steps.clear()
    storage.delete_prefix("jobs/acme/job_1/")
    storage.put_bytes(KEY, b"x")  # nor after they were deleted and made anew
    assert steps[-1] == "fsync ."


def test_objects_are_private_to_their_owner(tmp_path: Path) -> None:
    storage = DirectoryStorage(tmp_path / "objects")
    storage.put_bytes(KEY, b"x")
    assert stat.S_IMODE((tmp_path / "objects").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "objects" / KEY).stat().st_mode) == 0o600


def test_only_the_object_is_left_of_a_write(tmp_path: Path) -> None:
    storage = DirectoryStorage(tmp_path)
    storage.put_bytes(KEY, b"x")
    storage.check()
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()] == [KEY]


def test_a_job_may_be_deleted_while_it_is_written_to(tmp_path: Path) -> None:
    storage = DirectoryStorage(tmp_path)
    stop = threading.Event()

    def write() -> None:
        n = 0
        while not stop.is_set():
            try:
                storage.put_bytes(f"jobs/acme/job_1/parts/{n}", b"x")
            except StorageUnavailable:
                pass  # its directory went away under it
            n += 1

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    for _ in range(30):
        try:
            storage.delete_prefix("jobs/acme/job_1/")
        except StorageUnavailable:
            pass  # the writers were too quick, three times over: the sweeper comes again
    stop.set()
    for writer in writers:
        writer.join()
    storage.delete_prefix("jobs/acme/job_1/")
    assert not (tmp_path / "jobs/acme/job_1").exists()


def test_a_directory_that_cannot_be_written_is_an_outage(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageUnavailable):
        DirectoryStorage(tmp_path / "file" / "objects")
    storage = DirectoryStorage(tmp_path / "objects")
    (tmp_path / "objects").rmdir()
    (tmp_path / "objects").write_bytes(b"in the way")
    with pytest.raises(StorageUnavailable):
        storage.put_bytes(KEY, b"x")
    with pytest.raises(StorageUnavailable):
        storage.check()


def test_an_upload_that_still_grows_is_not_stale(tmp_path):
    storage = DirectoryStorage(tmp_path / "objects")
    upload = storage.open_upload("jobs/t/j/input/a")
    upload.write(b"first")
    assert storage.discard_stale_uploads(older_than_s=3600) == 0
    upload.write(b"second")
    assert upload.complete().bytes == 11
