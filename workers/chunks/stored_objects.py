"""Objects of one running chunk: fetched into its working directory, stored from it; every attempt under its lease.

A request that the storage does not answer is repeated a few times; then its error goes up and the chunk is snoozed. An
object is missing only where the storage has the marker of this installation: a directory that is not mounted, or
another bucket, lacks that too, and is an outage.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from jobs.errors import AccessRefused, Misconfigured, NotFound, ObjectMissing, StorageUnavailable
from jobs.storage.object_keys import is_input
from jobs.storage.ownership import require_own_storage
from jobs.storage.storage import Storage
from jobs.storage.verified_ranges import is_intact
from jobs.stored_object import StoredObject

from .lease import Lease
from .workdir import Workdir

T = TypeVar("T")

#: Seconds before each further request to the storage. The retry policy of the chunk is jobs/retry_policy.py.
_RETRY_DELAYS_S = (0.2, 1.0, 3.0)


class StoredObjects:
    """The storage as one chunk uses it."""

    def __init__(self, storage: Storage, lease: Lease, workdir: Workdir, *, installation_id: Callable[[], str]) -> None:
        """`installation_id`: of the database that this worker uses."""
        self._storage = storage
        self._installation_id = installation_id
        self._lease = lease
        self._workdir = workdir

    def fetch(self, source: StoredObject, name: str) -> str:
        """Write an object into the child's working directory, verified. Returns its name there.

        Raises ObjectMissing, CorruptObject, StorageUnavailable."""

        def write(path: Path) -> None:
            self._read(source, lambda: self._storage.fetch(source.key, path, sha256=source.sha256, bytes=source.bytes))

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

    def is_damaged(self, source: StoredObject) -> bool:
        """Read an object; whether it is gone or has other bytes than were written. Raises StorageUnavailable."""
        try:
            return not self._retry(lambda: is_intact(self._storage, source))
        except (NotFound, AccessRefused):
            self._require_own_storage()
            return True

    def copy(self, source: StoredObject, target: str) -> StoredObject:
        """A second name for the same bytes. Raises ObjectMissing, StorageUnavailable."""
        self._read(source, lambda: self._storage.copy(source.key, target))
        return replace(source, key=target)

    def _read(self, source: StoredObject, attempt: Callable[[], None]) -> None:
        try:
            self._retry(attempt)
        except (NotFound, AccessRefused) as error:
            self._require_own_storage()
            cure = "send the request again with its input" if is_input(source.key) else "retry the job"
            kind = "stored input" if is_input(source.key) else "stored part"
            raise ObjectMissing(f"A {kind} of this job is gone from the storage; {cure}.") from error

    def _require_own_storage(self) -> None:
        """Whether this is the storage that lacks the object. Raises StorageUnavailable."""
        try:
            self._retry(lambda: require_own_storage(self._storage, self._installation_id()))
        except Misconfigured as error:
            raise StorageUnavailable(error.detail) from error

    def _retry(self, attempt: Callable[[], T]) -> T:
        for delay_s in _RETRY_DELAYS_S:
            self._lease.check()
            try:
                return attempt()
            except StorageUnavailable:
                time.sleep(min(delay_s, self._lease.remaining_s()))
        self._lease.check()
        return attempt()
