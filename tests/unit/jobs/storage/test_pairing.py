"""The pairing of a database with one storage, in a directory and a SQLite file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from jobs.errors import Misconfigured, StorageUnavailable
from jobs.sql import SqlStore
from jobs.storage.directory_storage import DirectoryStorage
from jobs.storage.ownership import mark_storage, read_storage_owner
from jobs.storage.pairing import pair_storage, replace_storage
from jobs.store.maintenance import Maintenance


@pytest.fixture
def storage(tmp_path: Path) -> DirectoryStorage:
    return DirectoryStorage(tmp_path / "first")


@pytest.fixture
def other(tmp_path: Path) -> DirectoryStorage:
    return DirectoryStorage(tmp_path / "other")


@pytest.fixture
def record(sqlite_store: SqlStore) -> Maintenance:
    return sqlite_store.maintenance


def test_every_process_with_the_same_storage_is_let_in(storage: DirectoryStorage, record: Maintenance) -> None:
    for _ in range(3):
        pair_storage(storage, record)
    assert read_storage_owner(storage) == record.installation_id()


def test_a_second_storage_is_refused_and_left_without_marker(
    storage: DirectoryStorage, other: DirectoryStorage, record: Maintenance, tmp_path: Path
) -> None:
    pair_storage(storage, record)
    with pytest.raises(Misconfigured) as caught:
        pair_storage(other, record)
    for cause in ("VOICEMILL_STORAGE_URL", "VOICEMILL_DATABASE_URL", "python -m workers.replace_storage"):
        assert cause in caught.value.detail
    assert caught.value.field == "VOICEMILL_STORAGE_URL"
    assert [path for path in (tmp_path / "other").rglob("*") if path.is_file()] == []


def test_a_second_storage_is_refused_though_an_earlier_version_has_marked_it(
    storage: DirectoryStorage, other: DirectoryStorage, record: Maintenance
) -> None:
    for each in (storage, other):
        mark_storage(each, record.installation_id())
    pair_storage(storage, record)
    with pytest.raises(Misconfigured, match="is not the one"):
        pair_storage(other, record)
    pair_storage(storage, record)


def test_an_emptied_storage_is_refused_until_it_is_replaced(
    storage: DirectoryStorage, record: Maintenance, tmp_path: Path
) -> None:
    pair_storage(storage, record)
    shutil.rmtree(tmp_path / "first")
    emptied = DirectoryStorage(tmp_path / "first")
    with pytest.raises(Misconfigured, match="emptied"):
        pair_storage(emptied, record)
    replace_storage(emptied, record)
    pair_storage(emptied, record)
    assert read_storage_owner(emptied) == record.installation_id()


def test_the_storage_that_was_given_up_is_refused(
    storage: DirectoryStorage, other: DirectoryStorage, record: Maintenance
) -> None:
    pair_storage(storage, record)
    replace_storage(other, record)
    pair_storage(other, record)
    with pytest.raises(Misconfigured):
        pair_storage(storage, record)


def test_a_copy_of_the_storage_is_the_same_storage(
    storage: DirectoryStorage, record: Maintenance, tmp_path: Path
) -> None:
    pair_storage(storage, record)
    paired = record.paired_storage_id()
    shutil.copytree(tmp_path / "first", tmp_path / "moved")
    pair_storage(DirectoryStorage(tmp_path / "moved"), record)
    assert record.paired_storage_id() == paired


def test_the_storage_of_another_database_is_neither_paired_nor_taken_over(
    storage: DirectoryStorage, record: Maintenance
) -> None:
    mark_storage(storage, "ins_of_another_database")
    pair_storage(storage, record)
    assert record.paired_storage_id() is None
    with pytest.raises(Misconfigured, match="belongs to the installation of another database"):
        replace_storage(storage, record)
    assert record.paired_storage_id() is None


def test_a_storage_that_does_not_answer_is_not_taken_for_another(record: Maintenance, tmp_path: Path) -> None:
    storage = DirectoryStorage(tmp_path / "first")
    pair_storage(storage, record)
    shutil.rmtree(tmp_path / "first")
    (tmp_path / "first").symlink_to("first")
    with pytest.raises(StorageUnavailable):
        pair_storage(storage, record)
