"""Objects of a chunk: fetched, stored and copied under its lease."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from jobs.chunk import Chunk, Claim
from jobs.errors import AccessRefused, CorruptObject, LeaseLost, ObjectMissing, StorageUnavailable
from jobs.job import Job
from jobs.states import ChunkState, JobState, Priority, Step
from jobs.storage.directory_storage import DirectoryStorage
from jobs.storage.object_keys import MARKER_KEY
from jobs.storage.ownership import mark_storage
from jobs.stored_object import StoredObject
from workers.chunks import stored_objects
from workers.chunks.lease import Lease
from workers.chunks.stored_objects import StoredObjects
from workers.chunks.workdir import Workdir

DATA = b"some bytes"
SHA256 = hashlib.sha256(DATA).hexdigest()


class FailingStorage:
    """A storage that does not answer so many requests, and refuses to read some keys."""

    def __init__(self, storage: DirectoryStorage) -> None:
        self._storage = storage
        self.failures = 0
        self.refused: set[str] = set()

    def fetch(self, key: str, path: Path, **options: Any) -> None:
        if key in self.refused:
            raise AccessRefused
        self.__getattr__("fetch")(key, path, **options)

    def read(self, key: str, **options: Any) -> Any:
        if key in self.refused:
            raise AccessRefused
        return self.__getattr__("read")(key, **options)

    def __getattr__(self, name: str) -> Any:
        if self.failures:
            self.failures -= 1
            raise StorageUnavailable
        return getattr(self._storage, name)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def storage(tmp_path: Path) -> FailingStorage:
    real = DirectoryStorage(tmp_path / "objects")
    real.put_bytes("jobs/t/job_1/input/upload", DATA)
    mark_storage(real, "installation")
    return FailingStorage(real)


@pytest.fixture
def objects(tmp_path: Path, storage: FailingStorage, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> StoredObjects:
    monkeypatch.setattr(stored_objects, "_RETRY_DELAYS_S", (0.0, 0.0))
    job = Job("job_1", "t", "tts.synthesize", "tone", JobState.RUNNING, Priority.NORMAL, {}, {}, 0, 0, 0)
    chunk = Chunk("chk_1", "job_1", "t", Step.WORK, 1, 0, "q", ChunkState.RUNNING, fence=1, units=1.0, span={})
    lease = Lease(Claim(job, chunk, 60_000), claimed_at=0.0, clock=clock)
    workdir = Workdir(tmp_path / "chk_1-1")
    return StoredObjects(storage, lease, workdir, installation_id=lambda: "installation")  # type: ignore[arg-type]


SOURCE = StoredObject("jobs/t/job_1/input/upload", SHA256, len(DATA))


def test_a_fetched_object_lies_in_the_working_directory(objects: StoredObjects, tmp_path: Path) -> None:
    assert objects.fetch(SOURCE, "source") == "source"
    assert (tmp_path / "chk_1-1" / "work" / "source").read_bytes() == DATA


def test_an_object_with_other_bytes_is_not_handed_to_the_child(objects: StoredObjects, tmp_path: Path) -> None:
    with pytest.raises(CorruptObject):
        objects.fetch(StoredObject(SOURCE.key, "0" * 64, len(DATA)), "source")
    assert not (tmp_path / "chk_1-1" / "work" / "source").exists()


def test_a_stored_file_is_removed_and_named_by_its_hash(objects: StoredObjects, tmp_path: Path) -> None:
    path = tmp_path / "part"
    path.write_bytes(DATA)
    part = objects.store(path, lambda sha256: f"jobs/t/job_1/parts/{sha256[:16]}")
    assert (part.key, part.sha256, part.bytes) == (f"jobs/t/job_1/parts/{SHA256[:16]}", SHA256, len(DATA))
    assert not path.exists()


def test_a_copy_has_the_same_bytes_under_another_key(objects: StoredObjects) -> None:
    assert objects.copy(SOURCE, "jobs/t/job_2/input/upload") == StoredObject(
        "jobs/t/job_2/input/upload", SHA256, len(DATA)
    )
    with pytest.raises(ObjectMissing):
        objects.copy(StoredObject("jobs/t/job_1/input/none", SHA256, 1), "jobs/t/job_2/input/none")


def test_a_storage_that_does_not_answer_is_asked_again_a_few_times(
    objects: StoredObjects, storage: FailingStorage
) -> None:
    storage.failures = 2
    objects.fetch(SOURCE, "first")
    storage.failures = 3
    with pytest.raises(StorageUnavailable):
        objects.fetch(SOURCE, "second")


def test_without_a_lease_nothing_is_requested(objects: StoredObjects, clock: Clock) -> None:
    clock.now = 3600.0
    with pytest.raises(LeaseLost):
        objects.fetch(SOURCE, "source")


@pytest.mark.parametrize(
    ("key", "message"),
    [("jobs/t/job_1/input/none", "send the request again"), ("jobs/t/job_1/parts/work-1-0-1-ab", "retry the job")],
)
def test_an_object_that_is_gone_is_missing_while_the_storage_answers(
    objects: StoredObjects, storage: FailingStorage, key: str, message: str
) -> None:
    source = StoredObject(key, SHA256, len(DATA))
    with pytest.raises(ObjectMissing, match=message):
        objects.fetch(source, "source")
    # Some stores refuse a key that does not exist.
    storage.refused = {key}
    with pytest.raises(ObjectMissing):
        objects.fetch(source, "source")


@pytest.mark.parametrize("fault", ["not mounted", "of another installation", "refused"])
def test_a_storage_without_our_marker_is_an_outage_and_no_object_is_missing(
    objects: StoredObjects, storage: FailingStorage, tmp_path: Path, fault: str
) -> None:
    marker = tmp_path / "objects" / MARKER_KEY
    match fault:
        case "not mounted":
            marker.unlink()
        case "of another installation":
            marker.write_bytes(b"other")
        case "refused":
            storage.refused = {MARKER_KEY, "jobs/t/job_1/input/none"}
    with pytest.raises(StorageUnavailable):
        objects.fetch(StoredObject("jobs/t/job_1/input/none", SHA256, len(DATA)), "source")


def test_an_object_is_damaged_that_is_gone_or_has_other_bytes(objects: StoredObjects) -> None:
    assert not objects.is_damaged(SOURCE)
    assert objects.is_damaged(StoredObject(SOURCE.key, "0" * 64, len(DATA)))
    assert objects.is_damaged(StoredObject("jobs/t/job_1/parts/none", SHA256, len(DATA)))


def test_nothing_is_damaged_while_the_storage_is_away(objects: StoredObjects, tmp_path: Path) -> None:
    (tmp_path / "objects" / MARKER_KEY).unlink()
    with pytest.raises(StorageUnavailable):
        objects.is_damaged(StoredObject("jobs/t/job_1/parts/none", SHA256, len(DATA)))
