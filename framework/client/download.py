"""A result file on its way here: written beside its place, checked, then moved there in one step."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from .errors import BadArgument, CorruptDownload
from .job import ResultFile

#: Called with bytes received so far and bytes in all.
DownloadProgress = Callable[[int, int], None]


class Incoming:
    """Takes the pieces of a file; leaves either the whole, right file at `destination` or nothing.

    Used as a context manager: leaving it without `finish` throws the pieces away.
    """

    def __init__(self, file: ResultFile, destination: Path, on_progress: DownloadProgress | None = None) -> None:
        self._expected = file
        self._destination = destination
        self._on_progress = on_progress
        self._hash = hashlib.sha256()
        self._received = 0

    def __enter__(self) -> Self:
        try:
            self._destination.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(
                prefix=f".{self._destination.name[:100]}.", suffix=".part", dir=self._destination.parent
            )
        except OSError as error:
            raise self._unwritable(error) from error
        self._partial = Path(name)
        self._file = os.fdopen(handle, "wb")
        return self

    def take(self, piece: bytes) -> bool:
        """The next bytes. False: it takes all that comes."""
        try:
            self._file.write(piece)
        except OSError as error:
            raise self._unwritable(error) from error
        self._hash.update(piece)
        self._received += len(piece)
        if self._on_progress is not None:
            self._on_progress(self._received, self._expected.bytes)
        return False

    def finish(self) -> Path:
        """Check size and SHA-256, move into place. Raises CorruptDownload."""
        check(self._expected, self._received, self._hash.hexdigest())
        try:
            self._file.close()
            # mkstemp made it for the owner's eyes only; a result is a file like any other.
            mask = os.umask(0)
            os.umask(mask)
            self._partial.chmod(0o666 & ~mask)
            self._partial.replace(self._destination)
        except OSError as error:
            raise self._unwritable(error) from error
        return self._destination

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # a full disk, told already
            self._file.close()
        self._partial.unlink(missing_ok=True)

    def _unwritable(self, error: OSError) -> BadArgument:
        return BadArgument(f"{self._destination} cannot be written: {error.strerror}.")


def check(file: ResultFile, received: int, sha256: str) -> None:
    """Raises CorruptDownload unless the bytes are those that the server recorded."""
    if received != file.bytes:
        raise CorruptDownload(f"{file.name}: {received} bytes came, {file.bytes} were expected.")
    if file.sha256 is not None and sha256 != file.sha256:
        raise CorruptDownload(f"{file.name}: the bytes have SHA-256 {sha256}, {file.sha256} was expected.")
