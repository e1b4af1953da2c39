"""Streaming upload to a bucket: one part in memory at a time, nothing visible before `complete`."""

from __future__ import annotations

import contextlib
import hashlib
from typing import Any

from jobs.errors import StorageUnavailable
from jobs.stored_object import StoredObject

from .bucket import Bucket

#: S3 takes 10,000 parts of at least 5 MiB. The part size doubles every thousand parts, so that 5 TB fit.
_FIRST_PART_BYTES = 8 << 20
_PARTS_PER_STEP = 1000


def part_bytes(number: int) -> int:
    """Size of part `number` (from 1) in bytes."""
    return _FIRST_PART_BYTES << min(number // _PARTS_PER_STEP, 6)


class S3Upload:
    """Buffers one part. A stream that fits into one part is sent by one ordinary PUT."""

    def __init__(self, bucket: Bucket, key: str, content_type: str) -> None:
        self._bucket, self._key, self._content_type = bucket, key, content_type
        self._buffer = bytearray()
        self._digest, self._bytes = hashlib.sha256(), 0
        self._multipart: tuple[str, str] | None = None
        self._parts: list[dict[str, Any]] = []
        self._needs_check = False
        self._is_open = True

    def write(self, block: bytes) -> None:
        assert self._is_open, "write after complete or abort"
        self._digest.update(block)
        self._bytes += len(block)
        self._buffer += block
        # Strictly more than a part: the last part must not be empty.
        while len(self._buffer) > (size := part_bytes(len(self._parts) + 1)):
            self._send(bytes(self._buffer[:size]))
            del self._buffer[:size]

    def complete(self) -> StoredObject:
        assert self._is_open, "complete after complete or abort"
        if self._multipart is None:
            stored = self._bucket.put_bytes(self._key, bytes(self._buffer), self._content_type)
        else:
            self._send(bytes(self._buffer))
            sha256 = self._digest.hexdigest()
            self._bucket.finish_multipart(
                *self._multipart, self._parts, sha256=sha256, size=self._bytes, needs_check=self._needs_check
            )
            stored = StoredObject(key=self._key, sha256=sha256, bytes=self._bytes)
        self.abort()  # deletes the parts where the object was there already
        return stored

    def abort(self) -> None:
        if not self._is_open:
            return
        self._is_open = False
        self._buffer.clear()
        if self._multipart is not None:
            # Parts that cannot be deleted now are deleted with their job.
            with contextlib.suppress(StorageUnavailable):
                self._bucket.abort_multipart(*self._multipart)

    def _send(self, data: bytes) -> None:
        if self._multipart is None:
            self._multipart = self._bucket.start_multipart(self._key, self._content_type)
        part, needs_check = self._bucket.put_part(*self._multipart, len(self._parts) + 1, data)
        self._parts.append(part)
        self._needs_check |= needs_check
