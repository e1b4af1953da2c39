"""The free space for the files of this worker. Knows directories and bytes; nothing of chunks.

A quota shows only when a write fails. Such a failure is reported here, and counts as a lack of space for a while.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

_log = structlog.get_logger(__name__)

#: Seconds for which a write that failed counts as a lack of space.
_FULL_FOR_S = 15.0


class DiskSpace:
    """Whether there is room for another chunk."""

    def __init__(
        self, directories: Sequence[Path], least_bytes: int, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`least_bytes`: what has to be free in the file system of each directory."""
        self._directories = directories
        self._least_bytes = least_bytes
        self._clock = clock
        self._full_until = float("-inf")
        self._was_short = False

    def free_bytes(self) -> int:
        """What unprivileged processes may still write, in the fullest of the file systems."""
        found = [os.statvfs(directory) for directory in self._directories]
        return min(each.f_bavail * each.f_frsize for each in found)

    def report_full(self) -> None:
        """A write has just failed because the disk is full."""
        self._full_until = self._clock() + _FULL_FOR_S

    def is_short(self) -> bool:
        """Whether no chunk should start now."""
        free = self.free_bytes()
        short = free < self._least_bytes or self._clock() < self._full_until
        if short is not self._was_short:
            self._was_short = short
            _log.warning("disk_space_is_short" if short else "disk_space_is_back", free_bytes=free)
        return short
