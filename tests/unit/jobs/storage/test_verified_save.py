from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.errors import CorruptObject
from jobs.storage.verified_save import save_verified

SHA256 = hashlib.sha256(b"speech").hexdigest()


def blocks() -> Iterator[bytes]:
    yield from (b"spe", b"", b"ech")


def test_file_with_the_expected_digest_and_size_is_saved(tmp_path: Path) -> None:
    save_verified(blocks(), tmp_path / "a", sha256=SHA256, bytes=6)
    assert (tmp_path / "a").read_bytes() == b"speech"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_unknown_digest_and_size_are_not_checked(tmp_path: Path) -> None:
    save_verified(blocks(), tmp_path / "a", sha256=None, bytes=None)
    assert (tmp_path / "a").read_bytes() == b"speech"


@pytest.mark.parametrize(
    ("sha256", "size", "reason"),
    [("0" * 64, 6, "SHA-256"), (SHA256, 5, "longer than the 5 bytes"), (SHA256, 7, "6 of the 7 bytes")],
)
def test_other_bytes_leave_no_file_and_the_earlier_one_alone(
    tmp_path: Path, sha256: str, size: int, reason: str
) -> None:
    (tmp_path / "a").write_bytes(b"earlier")
    with pytest.raises(CorruptObject, match=reason):
        save_verified(blocks(), tmp_path / "a", sha256=sha256, bytes=size)
    assert (tmp_path / "a").read_bytes() == b"earlier"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_too_long_stream_is_not_read_to_its_end(tmp_path: Path) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"x"

    with pytest.raises(CorruptObject):
        save_verified(endless(), tmp_path / "a", sha256=None, bytes=10)


def test_error_of_the_stream_passes_through_and_leaves_no_file(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"x"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        save_verified(broken(), tmp_path / "a", sha256=None, bytes=None)
    assert list(tmp_path.iterdir()) == []
