"""Ranges of objects whose bytes are compared with those that were written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from jobs.errors import CorruptObject, NotFound
from jobs.storage.directory_storage import DirectoryStorage
from jobs.storage.verified_ranges import VerifiedRanges, is_intact
from jobs.stored_object import StoredObject

DATA = bytes(range(251)) * 12_000  # three blocks, the last one incomplete
KEY = "jobs/t/j/result/1/a.wav"


@pytest.fixture
def storage(tmp_path: Path) -> DirectoryStorage:
    return DirectoryStorage(tmp_path / "objects")


@pytest.fixture
def stored(storage: DirectoryStorage) -> StoredObject:
    return storage.put_bytes(KEY, DATA)


def flip(tmp_path: Path, at: int) -> None:
    with (tmp_path / "objects" / KEY).open("r+b") as file:
        file.seek(at)
        file.write(bytes([DATA[at] ^ 1]))


@pytest.mark.parametrize(
    ("start", "stop"),
    [(0, 1), (0, len(DATA)), (5, 2_000_000), (1 << 20, 2 << 20), ((1 << 20) - 1, (1 << 20) + 1), (len(DATA) - 1, None)],
)
def test_a_range_has_its_bytes(storage: DirectoryStorage, stored: StoredObject, start: int, stop: int | None) -> None:
    stop = len(DATA) if stop is None else stop
    ranges = VerifiedRanges(storage)
    for _ in range(2):
        assert b"".join(ranges.read(stored, start, stop)) == DATA[start:stop]


def test_a_wrong_byte_anywhere_is_found_by_the_first_range(
    tmp_path: Path, storage: DirectoryStorage, stored: StoredObject
) -> None:
    flip(tmp_path, len(DATA) - 1)
    with pytest.raises(CorruptObject):
        next(VerifiedRanges(storage).read(stored, 0, 1))
    assert not is_intact(storage, stored)


def test_a_byte_that_changes_later_never_leaves(
    tmp_path: Path, storage: DirectoryStorage, stored: StoredObject
) -> None:
    ranges = VerifiedRanges(storage)
    assert next(ranges.read(stored, 0, 1)) == DATA[:1]
    flip(tmp_path, 1_500_000)
    blocks = ranges.read(stored, 0, len(DATA))
    assert next(blocks) == DATA[: 1 << 20]
    with pytest.raises(CorruptObject):
        next(blocks)


def test_an_object_of_another_size_is_not_intact(storage: DirectoryStorage, stored: StoredObject) -> None:
    assert is_intact(storage, stored)
    assert not is_intact(storage, replace(stored, bytes=stored.bytes + 1))
    with pytest.raises(NotFound):
        is_intact(storage, replace(stored, key=KEY + "x"))


def test_the_whole_object_is_read_for_its_first_range_alone(storage: DirectoryStorage, stored: StoredObject) -> None:
    read, reads = storage.read, list[int | None]()

    def counting(key: str, *, offset: int = 0, length: int | None = None, block: int = 0) -> object:
        reads.append(length)
        return read(key, offset=offset, length=length, block=block)

    storage.read = counting  # type: ignore[method-assign,assignment]  # to count
    ranges = VerifiedRanges(storage)
    for _ in range(3):
        list(ranges.read(stored, 10, 20))
    assert reads == [None, 1 << 20, 1 << 20, 1 << 20]
