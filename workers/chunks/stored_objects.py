"""Objects of one running chunk: fetched into its box, stored from it; every attempt under its lease.

A storage that does not answer is asked again a few times; then its error goes up and the chunk is snoozed.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from jobs.errors import StorageUnavailable
from jobs.job import InputObject, StoredPart
from jobs.storage.storage import Storage

from .heartbeat import Lease
from .workdir import ChunkFiles

T = TypeVar("T")

#: Seconds before each further try.
_PAUSES_S = (0.2, 1.0, 3.0)


class StoredObjects:
    """The storage as one chunk uses it."""

    def __init__(self, storage: Storage, lease: Lease, files: ChunkFiles) -> None:
        self._storage = storage
        self._lease = lease
        self._files = files

    def fetch(self, source: InputObject, name: str) -> str:
        """Bring an object into the child's box, verified. Returns its name there."""

        def write(path: Path) -> None:
            self._persist(lambda: self._storage.fetch(source.key, path, sha256=source.sha256, bytes=source.bytes))

        return self._files.bring(name, write)

    def keep(
        self, path: Path, key: Callable[[str], str], *, content_type: str = "application/octet-stream"
    ) -> StoredPart:
        """Store a file that was taken from the child; `key` is called with its SHA-256. Removes the file."""
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        part = self._persist(lambda: self._storage.put_file(key(sha256), path, content_type=content_type))
        path.unlink()
        return part

    def copy(self, source: InputObject, target: str) -> InputObject:
        """A second name for the same bytes."""
        self._persist(lambda: self._storage.copy(source.key, target))
        return InputObject(key=target, sha256=source.sha256, bytes=source.bytes)

    def _persist(self, attempt: Callable[[], T]) -> T:
        for pause_s in _PAUSES_S:
            self._lease.check()
            try:
                return attempt()
            except StorageUnavailable:
                time.sleep(min(pause_s, self._lease.remaining_s()))
        self._lease.check()
        return attempt()
