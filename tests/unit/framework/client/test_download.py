"""Files that arrive complete, damaged, or not at all."""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path

import pytest

from framework.client.download import PartialDownload, verify_download
from framework.client.errors import BadArgument, CorruptDownload
from framework.client.job import ResultFile

CONTENT = b"hello world\n"
FILE = ResultFile("a.txt", "text/plain", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


def test_complete_file_is_moved_to_its_destination(tmp_path: Path) -> None:
    reported: list[tuple[int, int]] = []
    destination = tmp_path / "new" / "a.txt"
    with PartialDownload(FILE, destination, lambda *at: reported.append(at)) as download:
        assert not download.write(CONTENT[:5])
        assert not destination.exists()
        download.write(CONTENT[5:])
        assert download.finish() == destination
    assert destination.read_bytes() == CONTENT
    assert list(destination.parent.iterdir()) == [destination]
    assert reported == [(5, 12), (12, 12)]


def test_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    with PartialDownload(FILE, tmp_path / "a.txt") as download:
        download.write(CONTENT)
        download.finish()
    (tmp_path / "other").touch()
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_download_without_its_end_leaves_nothing(tmp_path: Path) -> None:
    with PartialDownload(FILE, tmp_path / "a.txt") as download:
        download.write(CONTENT)
    assert list(tmp_path.iterdir()) == []


def test_destination_in_a_file_is_a_bad_argument(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadArgument, match="cannot be written"), PartialDownload(FILE, tmp_path / "file" / "a.txt"):
        pass


@pytest.mark.parametrize(
    ("received", "sha256", "message"),
    [(11, FILE.sha256, "11 bytes came, 12 were expected"), (12, "0" * 64, f"{FILE.sha256} was expected")],
)
def test_wrong_size_or_hash_is_a_corrupt_download(received: int, sha256: str, message: str) -> None:
    with pytest.raises(CorruptDownload, match=message):
        verify_download(FILE, received, sha256)


@pytest.mark.parametrize("has_links", [True, False])
def test_existing_file_is_kept_unless_it_may_be_replaced(
    tmp_path: Path, has_links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    if not has_links:
        monkeypatch.setattr(Path, "hardlink_to", refuse)
    destination = tmp_path / "a.txt"
    for overwrite, before in ((False, None), (False, b"kept"), (True, b"replaced")):
        destination.unlink(missing_ok=True)
        if before is not None:
            destination.write_bytes(before)
        with PartialDownload(FILE, destination, overwrite=overwrite) as download:
            download.write(CONTENT)
            if before == b"kept":
                with pytest.raises(BadArgument, match="exists already and was not replaced"):
                    download.finish()
            else:
                download.finish()
        assert destination.read_bytes() == (before if before == b"kept" else CONTENT)
        assert list(tmp_path.iterdir()) == [destination]


def test_file_without_a_recorded_hash_is_verified_by_its_size() -> None:
    verify_download(ResultFile("a.txt", "text/plain", 12, None), 12, "0" * 64)
