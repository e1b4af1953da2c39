"""Zipped documents, and what they may not do."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest

from pipelines.errors import BadInput, InputTooLarge, UnreadableInput
from pipelines.pipeline import Limits
from pipelines.text.documents.archive import MAX_ENTRIES, Archive
from tests.document_factories import make_zip


def test_an_entry_is_read_as_it_was_written(tmp_path: Path) -> None:
    with Archive(make_zip(tmp_path / "a", {"x/y.txt": "Grüße" * 100_000, "z": b""}), Limits()) as archive:
        assert archive.read("x/y.txt", 1 << 20).decode() == "Grüße" * 100_000
        assert archive.names() == ["x/y.txt", "z"]
        assert "z" in archive and "nothing" not in archive
        with pytest.raises(KeyError):
            archive.read("nothing", 10)


def test_what_unpacks_past_the_limit_is_refused_by_its_figure(tmp_path: Path) -> None:
    archive = Archive(
        make_zip(tmp_path / "a", {"a": b"x" * 600_000, "b": b"x" * 600_000}), Limits(unpacked_bytes=1_000_000)
    )
    archive.read("a", 1 << 20)
    with pytest.raises(InputTooLarge, match="1,000,000 bytes"):
        archive.read("b", 1 << 20)


def test_an_entry_that_is_read_again_counts_once(tmp_path: Path) -> None:
    archive = Archive(make_zip(tmp_path / "a", {"a": b"x" * 600_000}), Limits(unpacked_bytes=1_000_000))
    next(archive.blocks("a"))
    for _ in range(3):
        assert len(archive.read("a", 1 << 20)) == 600_000


def test_a_ratio_that_no_document_has_is_refused(tmp_path: Path) -> None:
    archive = Archive(make_zip(tmp_path / "a", {"a": b"\0" * 40_000_000}), Limits())
    with pytest.raises(InputTooLarge, match="100 times"):
        archive.read("a", 100_000_000)


def test_false_sizes_in_the_directory_make_no_difference(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a", {"a": b"\0" * 40_000_000})
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\x01\x02")
    struct.pack_into("<I", data, at + 24, 10)  # the size that the directory promises
    path.write_bytes(data)
    with pytest.raises(BadInput):
        Archive(path, Limits(unpacked_bytes=1_000_000)).read("a", 1 << 30)


def test_one_file_has_a_limit_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(InputTooLarge, match="1,000 bytes"):
        Archive(make_zip(tmp_path / "a", {"a": b"x" * 1_001}), Limits()).read("a", 1_000)


def test_too_many_entries_are_refused_before_they_are_listed(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a", {f"{n}": b"" for n in range(MAX_ENTRIES + 1)})
    with pytest.raises(InputTooLarge, match="10,000 files"):
        Archive(path, Limits())


def test_an_endless_directory_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * 100 + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 5, 5, 0x7FFFFFFF, 0, 0))
    with pytest.raises(InputTooLarge, match="10,000 files"):
        Archive(path, Limits())


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/passwd", "C:\\evil", "..\\evil", "a/.."])
def test_a_name_that_leaves_the_archive_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="unsafe name"):
        Archive(make_zip(tmp_path / "a", {name: b"x"}), Limits())


@pytest.mark.parametrize("data", [b"", b"hello", b"PK\x03\x04" + b"x" * 100, b"PK\x05\x06" + b"\xff" * 18])
def test_what_is_no_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(data)
    with pytest.raises(BadInput):
        Archive(path, Limits())


def test_damage_inside_is_an_error_of_the_input(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a", {"a": bytes(range(256)) * 1000})
    data = bytearray(path.read_bytes())
    data[60:90] = b"\xff" * 30
    path.write_bytes(data)
    with pytest.raises(UnreadableInput, match="damaged"):
        Archive(path, Limits()).read("a", 1 << 20)


def test_a_cut_off_archive_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a", {"a": bytes(range(256)) * 1000})
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(UnreadableInput, match="cut off"):
        Archive(path, Limits())


def test_unusual_packing_and_passwords_are_refused_by_name(tmp_path: Path) -> None:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a", b"x" * 1000)
    (tmp_path / "lzma").write_bytes(memory.getvalue())
    with pytest.raises(UnreadableInput, match="deflate"):
        Archive(tmp_path / "lzma", Limits()).read("a", 10_000)
    path = make_zip(tmp_path / "locked", {"a": b"x"})
    data = bytearray(path.read_bytes())
    data[data.rfind(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(UnreadableInput, match="password"):
        Archive(path, Limits()).read("a", 10)


def test_names_are_found_in_another_case_normal_form_or_with_escapes(tmp_path: Path) -> None:
    entries: dict[str, str | bytes] = {
        "Text/e\u0301.xhtml": "nfd",
        "a%20b": "escaped",
        "c\\d": "windows",
        "X": "1",
        "x": "2",
    }
    with Archive(make_zip(tmp_path / "a", entries), Limits()) as archive:
        for name, data in [
            ("text/É.XHTML", b"nfd"),
            ("a b", b"escaped"),
            ("c/d", b"windows"),
            ("X", b"1"),
            ("x", b"2"),
        ]:
            assert name in archive
            assert archive.read(name, 100) == data
        assert archive.find_name("text/É.XHTML") == "Text/é.xhtml"
        assert archive.find_name("e\u0301") == "é"
        assert "none" not in archive


def test_names_with_backslashes_and_in_utf_8_without_its_flag_are_found(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a", {"x\\XXXXX.txt": "1"})
    path.write_bytes(path.read_bytes().replace(b"XXXXX", "été".encode()))
    with Archive(path, Limits()) as archive:
        assert archive.read("x/été.txt", 10) == b"1"
