"""A file with some bytes replaced, as a file of its own: for headers that say something wrong."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from typing import BinaryIO

from typing_extensions import Buffer


def open_corrected(file: BinaryIO, corrections: Mapping[int, bytes]) -> io.BufferedReader:
    """`file` with `corrections`: bytes by the offset at which they are read. Closing it leaves `file` open."""
    return io.BufferedReader(_Corrected(file, corrections))


class _Corrected(io.RawIOBase):
    def __init__(self, file: BinaryIO, corrections: Mapping[int, bytes]) -> None:
        self._file = file
        self._corrections = corrections
        file.seek(0)

    def readinto(self, buffer: Buffer, /) -> int:
        view = memoryview(buffer).cast("B")
        start = self._file.tell()
        data = bytearray(self._file.read(len(view)))
        for offset, correct in self._corrections.items():
            first, last = max(offset, start), min(offset + len(correct), start + len(data))
            if first < last:
                data[first - start : last - start] = correct[first - offset : last - offset]
        view[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True
