"""A file from a byte on, as a file of its own: for streams that begin behind a tag or behind junk."""

from __future__ import annotations

import io
import os
from typing import BinaryIO

from typing_extensions import Buffer


def open_tail(file: BinaryIO, start: int) -> io.BufferedReader:
    """`file` from the byte `start` on; positions count from there. Closing it leaves `file` open."""
    return io.BufferedReader(_Tail(file, start))


class _Tail(io.RawIOBase):
    def __init__(self, file: BinaryIO, start: int) -> None:
        self._file = file
        self._start = start
        file.seek(start)

    def readinto(self, buffer: Buffer, /) -> int:
        view = memoryview(buffer)
        data = self._file.read(len(view))
        view[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        return self._file.seek(self._start + offset if whence == os.SEEK_SET else offset, whence) - self._start

    def tell(self) -> int:
        return self._file.tell() - self._start

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True
