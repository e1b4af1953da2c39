"""Downloads of result files: written beside their destination, verified, then moved there in one step.

A file that appeared there meanwhile is replaced only where the caller said so.
"""

from __future__ import annotations

import errno
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

#: What `link` answers on file systems that have no hard links.
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})

#: Called with bytes received so far and bytes in all.
DownloadProgress = Callable[[int, int], None]


class PartialDownload:
    """Receives a file in blocks; leaves either the complete, verified file at `destination` or nothing.

    A context manager: leaving it without `finish` deletes what was received.
    """

    def __init__(
        self,
        file: ResultFile,
        destination: Path,
        on_progress: DownloadProgress | None = None,
        *,
        overwrite: bool = True,
    ) -> None:
        self._expected = file
        self._overwrite = overwrite
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

    def write(self, block: bytes) -> bool:
        """Append these bytes. Always False: a `StreamResponse` goes on until the body ends."""
        try:
            self._file.write(block)
        except OSError as error:
            raise self._unwritable(error) from error
        self._hash.update(block)
        self._received += len(block)
        if self._on_progress is not None:
            self._on_progress(self._received, self._expected.bytes)
        return False

    def finish(self) -> Path:
        """Verify size and SHA-256, then move the file to its destination. Raises CorruptDownload, BadArgument."""
        verify_download(self._expected, self._received, self._hash.hexdigest())
        try:
            self._file.close()
            # mkstemp makes it readable for the owner only; a result is a file like any other.
            mask = os.umask(0)
            os.umask(mask)
            self._partial.chmod(0o666 & ~mask)
            self._move()
        except FileExistsError as error:
            raise BadArgument(f"{self._destination} exists already and was not replaced.") from error
        except OSError as error:
            raise self._unwritable(error) from error
        return self._destination

    def _move(self) -> None:
        """Raises FileExistsError where a file is to be kept; no other process can put one there in between."""
        if not self._overwrite:
            try:
                self._destination.hardlink_to(self._partial)
                return
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
            self._destination.touch(exist_ok=False)
        self._partial.replace(self._destination)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # a full disk, reported already
            self._file.close()
        self._partial.unlink(missing_ok=True)

    def _unwritable(self, error: OSError) -> BadArgument:
        return BadArgument(f"{self._destination} cannot be written: {error.strerror}.")


def verify_download(file: ResultFile, received: int, sha256: str) -> None:
    """Raises CorruptDownload unless size (in bytes) and hash are those that the server recorded."""
    if received != file.bytes:
        raise CorruptDownload(f"{file.name}: {received} bytes came, {file.bytes} were expected.")
    if file.sha256 is not None and sha256 != file.sha256:
        raise CorruptDownload(f"{file.name}: the bytes have SHA-256 {sha256}, {file.sha256} was expected.")
