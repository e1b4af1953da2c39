"""A readable file over an iterator of blocks."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any


class BlockReader(io.RawIOBase):
    """Reads forward only. Closing it closes the generator of the blocks."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._rest = blocks, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            try:
                self._rest = next(self._blocks)
            except StopIteration:
                return 0
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def close(self) -> None:
        closer = getattr(self._blocks, "close", None)
        if closer is not None:
            closer()
        super().close()
