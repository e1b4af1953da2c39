"""Objects of one running chunk: fetched into its working directory, stored from it; every attempt under its lease.

A request that the storage does not answer is repeated a few times; then its error goes up and the chunk is snoozed.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from jobs.errors import StorageUnavailable
from jobs.storage.storage import Storage
from jobs.stored_object import StoredObject

from .lease import Lease
from .workdir import Workdir

T = TypeVar("T")

#: Seconds before each further request to the storage. The retry policy of the chunk is jobs/retry_policy.py.
_RETRY_DELAYS_S = (0.2, 1.0, 3.0)


class StoredObjects:
    """The storage as one chunk uses it."""

    def __init__(self, storage: Storage, lease: Lease, workdir: Workdir) -> None:
        self._storage = storage
        self._lease = lease
        self._workdir = workdir

    def fetch(self, source: StoredObject, name: str) -> str:
        """Write an object into the child's working directory, verified. Returns its name there."""

        def write(path: Path) -> None:
            self._retry(lambda: self._storage.fetch(source.key, path, sha256=source.sha256, bytes=source.bytes))

        return self._workdir.add_file(name, write)

    def store(
        self, path: Path, key: Callable[[str], str], *, content_type: str = "application/octet-stream"
    ) -> StoredObject:
        """Store a file that was taken from the child; `key` is called with its SHA-256. Removes the file."""
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        part = self._retry(lambda: self._storage.put_file(key(sha256), path, content_type=content_type))
        path.unlink()
        return part

    def copy(self, source: StoredObject, target: str) -> StoredObject:
        """A second name for the same bytes."""
        self._retry(lambda: self._storage.copy(source.key, target))
        return replace(source, key=target)

    def _retry(self, attempt: Callable[[], T]) -> T:
        for delay_s in _RETRY_DELAYS_S:
            self._lease.check()
            try:
                return attempt()
            except StorageUnavailable:
                time.sleep(min(delay_s, self._lease.remaining_s()))
        self._lease.check()
        return attempt()
