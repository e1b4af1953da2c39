"""Outputs that would replace an input, each other, or a file that exists."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from framework.cli.output_files import OutputFiles
from framework.client.errors import BadArgument


@pytest.fixture(autouse=True)
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("book.epub").write_bytes(b"PK book")
    return Path("book.epub")


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    "output",
    ["book.epub", "./book.epub", "sub/../book.epub", "BOOK.epub", "linked/book.epub", "soft.epub", "hard.epub"],
)
def test_output_never_replaces_an_input(book: Path, output: str, force: bool) -> None:
    Path("sub").mkdir()
    Path("linked").symlink_to(".", target_is_directory=True)
    Path("soft.epub").symlink_to(book)
    Path("hard.epub").hardlink_to(book)
    with pytest.raises(BadArgument, match=r"would replace book\.epub, which this command reads; choose another"):
        OutputFiles([book], force=force).reserve([Path(output)])
    assert book.read_bytes() == b"PK book"


def test_input_by_a_link_is_protected_under_its_own_name(book: Path) -> None:
    Path("link.epub").symlink_to(book)
    with pytest.raises(BadArgument, match=r"would replace link\.epub"):
        OutputFiles([Path("link.epub")], force=True).reserve([book])


def test_forms_of_accents_are_one_name() -> None:
    read = Path(unicodedata.normalize("NFD", "Müller.epub"))
    read.touch()
    with pytest.raises(BadArgument, match="would replace"):
        OutputFiles([read], force=True).reserve([Path(unicodedata.normalize("NFC", "müller.EPUB"))])


def test_same_name_in_another_directory_is_another_file(book: Path) -> None:
    for name in ("out", "Out"):
        Path(name).mkdir()
    Path("Out/x.epub").touch()
    OutputFiles([book, Path("Out/x.epub")], force=False).reserve([Path("out/book.epub"), Path("out/x.epub")])


def test_existing_file_is_replaced_only_by_force() -> None:
    Path("a.wav").touch()
    Path("broken.wav").symlink_to("nowhere.wav")
    for name in ("a.wav", "broken.wav"):
        with pytest.raises(BadArgument, match=f"{name} exists already; add --force to replace it"):
            OutputFiles(force=False).reserve([Path(name)])
        OutputFiles(force=True).reserve([Path(name)])


@pytest.mark.parametrize("names", [("a.vtt", "a.vtt"), ("a.vtt", "A.VTT"), ("new/a.vtt", "New/./a.vtt")])
def test_two_outputs_in_one_file_are_refused(names: tuple[str, str]) -> None:
    with pytest.raises(BadArgument, match="are two outputs in one file"):
        OutputFiles(force=True).reserve([Path(name) for name in names])


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("folder", "is no regular file"),
        ("fifo", "is no regular file"),
        (os.devnull, "is no regular file"),
        ("book.epub/a.wav", "cannot be written: "),
        (f"{'n' * 300}.wav", "cannot be written: File name too long"),
        ("a\0.wav", "cannot be written: embedded null byte"),
    ],
)
def test_path_that_cannot_be_written_is_refused(output: str, message: str) -> None:
    Path("folder").mkdir()
    os.mkfifo("fifo")
    with pytest.raises(BadArgument, match=message):
        OutputFiles(force=True).reserve([Path(output)])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_directory_without_permission_is_refused() -> None:
    Path("locked").mkdir(mode=0o500)
    with pytest.raises(BadArgument, match="no permission to write in"):
        OutputFiles(force=True).reserve([Path("locked/new/a.wav")])
