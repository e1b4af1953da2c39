"""Files and texts on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from framework.cli.source_argument import find_document, looks_like_path
from framework.client.errors import BadArgument


@pytest.fixture(autouse=True)
def _directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "books").mkdir()


@pytest.mark.parametrize(
    "argument",
    [
        "chapter1.pdf",
        "book.epub",
        "BOOK.EPUB",
        "My Book.epub",
        "Chapter 1.docx",
        "notes.txt ",
        "talk.mp3",
        "./x",
        "../x",
        "./my chapter",
        "~/x",
        "~ann/x",
        "/no/such/file",
        "/tmp/my chapter",
        "C:\\x",
        "c:/books/x",
        "C:\\My Books\\x",
        "\\\\server\\books",
        "chapters\\one",
        "books/chapter1",
        "missing/",
        "missing/book.md",
        "file:///srv/x",
        "https://example.com/book.epub",
        "*.txt",
    ],
)
def test_what_looks_like_a_path_and_is_no_file_is_refused(argument: str) -> None:
    assert looks_like_path(argument)
    with pytest.raises(BadArgument, match="--text"):
        find_document(argument)


@pytest.mark.parametrize(
    "argument",
    [
        "",
        "Hello",
        "Hello.",
        "Read it at example.com.",
        "example.com",
        "https://example.com",
        "and/or",
        "he/she/they",
        "24/7",
        "km/h",
        "TCP/IP",
        "w/o",
        "3.14",
        "e.g.",
        "Node.js",
        "Is it in notes.txt?",
        "The file is called book.epub.",
        "/me waves",
        "~5 minutes",
        "A: yes",
        ".pdf",
        "What is a .pdf",
        "Wait...",
        "<speak>Hello.</speak>",
        "One line.\nbook.epub",
        "word " * 2000,
        "a\0b",
    ],
)
def test_text_is_text(argument: str) -> None:
    assert find_document(argument) is None


def test_file_is_found_whatever_its_name(tmp_path: Path) -> None:
    for name in ("book.epub", "Hello.", "and or"):
        (tmp_path / name).write_text("x")
        assert find_document(name) == Path(name)


def test_directory_is_refused() -> None:
    with pytest.raises(BadArgument, match="books is a directory"):
        find_document("books")
