"""pipelines/audio/corrected_file.py: a file with some bytes replaced."""

from __future__ import annotations

import io
import os

from pipelines.audio.corrected_file import open_corrected


def test_bytes_are_replaced_wherever_reading_begins_and_ends() -> None:
    for start in range(11):
        for length in range(11):
            corrected = io.BytesIO(b"0123456789")
            file = open_corrected(corrected, {0: b"ab", 4: b"cde", 9: b"fgh"})
            file.seek(start)
            assert file.read(length) == b"ab23cde78f"[start : start + length]


def test_positions_are_those_of_the_file() -> None:
    file = open_corrected(io.BytesIO(b"0123456789"), {8: b"ab"})
    assert (file.tell(), file.seek(-2, os.SEEK_END), file.read(), file.tell()) == (0, 8, b"ab", 10)


def test_closing_it_leaves_the_file_open() -> None:
    file = io.BytesIO(b"0123")
    open_corrected(file, {0: b"a"}).close()
    assert not file.closed
