"""The storage port: immutable objects under keys. Implementations: directory_storage.py, s3/s3_storage.py.

A key is written once. A storage that does not answer raises `StorageUnavailable`; bytes that differ from the given
digest raise `CorruptObject`; a missing key raises `NotFound`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from jobs.stored_object import StoredObject


class Upload(Protocol):
    """A stream being stored under a final key; nothing is visible before `complete`."""

    def write(self, block: bytes) -> None: ...

    def complete(self) -> StoredObject:
        """Size and SHA-256 of what was written."""

    def abort(self) -> None:
        """Discard what was written. May be called at any time, also twice."""


class Storage(Protocol):
    """Every method raises InvalidKey for a key that no object can have."""

    def put_file(self, key: str, path: Path, *, content_type: str = "application/octet-stream") -> StoredObject:
        """Store a local file under a new key, durably, and check its size. Same key and same bytes again: no error."""

    def put_bytes(self, key: str, data: bytes, *, content_type: str = "application/octet-stream") -> StoredObject: ...

    def open_upload(self, key: str, *, content_type: str = "application/octet-stream") -> Upload:
        """Stream bytes in without holding them (multipart on S3, a temporary file in a directory)."""

    def fetch(self, key: str, path: Path, *, sha256: str | None, bytes: int | None = None) -> None:
        """Copy the object to `path`, verified while it is read."""

    def open(self, key: str) -> BinaryIO:
        """Read the object from its start (unverified: for downloads of results)."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None, block: int = 1 << 20) -> Iterator[bytes]:
        """The object's bytes in blocks, for serving."""

    def copy(self, source: str, target: str) -> None:
        """Server-side copy to a new key."""

    def stat(self, key: str) -> int | None:
        """Size in bytes, or None where there is no such object."""

    def delete_prefix(self, prefix: str) -> int:
        """Delete every object under a prefix that ends in "/". Returns how many."""

    def discard_stale_uploads(self, *, older_than_s: float) -> int:
        """Delete what uploads have left that were begun so long ago and neither completed nor aborted: their process
        was killed. Returns how many. No object is listed or touched."""

    def url(self, key: str, *, filename: str, content_type: str, expires_s: int = 900) -> str | None:
        """A presigned download URL, or None where the API has to serve the bytes itself."""

    def check(self) -> None:
        """Cheap round trip for health; raises StorageUnavailable."""
