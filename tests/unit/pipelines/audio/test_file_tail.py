"""pipelines/audio/file_tail.py: a file from a byte on."""

from __future__ import annotations

import io
import os

from pipelines.audio.file_tail import open_tail


def test_positions_count_from_the_start_of_the_tail() -> None:
    tail = open_tail(io.BytesIO(b"0123456789"), 4)
    assert (tail.tell(), tail.read(2), tail.tell()) == (0, b"45", 2)
    assert (tail.seek(0, os.SEEK_END), tail.read()) == (6, b"")
    assert (tail.seek(-1, os.SEEK_END), tail.read()) == (5, b"9")
    assert (tail.seek(1), tail.seek(1, os.SEEK_CUR), tail.read()) == (1, 2, b"6789")


def test_closing_it_leaves_the_file_open() -> None:
    file = io.BytesIO(b"0123")
    open_tail(file, 1).close()
    assert not file.closed
