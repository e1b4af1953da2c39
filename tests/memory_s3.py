"""An S3 client in memory: the operations that jobs/storage/s3 writes and verifies with, by their names in boto3.

Faults are switches: a store without conditional writes, with ETags that are no MD5, or that keeps other bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError


class Body:
    """The body of a response, as botocore gives it."""

    def __init__(self, data: bytes) -> None:
        self._data, self.is_closed = data, False

    def iter_chunks(self, size: int) -> Iterator[bytes]:
        for start in range(0, len(self._data), size):
            yield self._data[start : start + size]

    def close(self) -> None:
        self.is_closed = True


@dataclass
class MemoryS3:
    """One bucket. `calls` names the operations that were asked for."""

    has_conditional_writes: bool = True
    has_md5_tags: bool = True
    #: Flips the first byte of everything that is stored.
    corrupts: bool = False
    #: Fails every operation of these names with this code: ("HeadObject", "500").
    fails: dict[str, str] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    metadata: dict[str, dict[str, str]] = field(default_factory=dict)
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def put_object(self, *, Key: str, Body: bytes, Metadata: dict[str, str], **options: Any) -> dict[str, Any]:  # noqa: N803
        self._begin("PutObject", Key, options)
        self.metadata[Key] = Metadata
        return {"ETag": self._store(Key, Body)}

    def head_object(self, *, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        self._begin("HeadObject")
        return {"ContentLength": len(self._find("HeadObject", Key)), "Metadata": self.metadata.get(Key, {})}

    def get_object(self, *, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        self._begin("GetObject")
        return {"Body": Body(self._find("GetObject", Key))}

    def delete_object(self, *, Key: str, **_: Any) -> None:  # noqa: N803
        self._begin("DeleteObject")
        self.objects.pop(Key, None)

    def create_multipart_upload(self, **_: Any) -> dict[str, Any]:
        self._begin("CreateMultipartUpload")
        upload_id = f"upload-{len(self.calls)}"
        self.uploads[upload_id] = {}
        return {"UploadId": upload_id}

    def upload_part(self, *, UploadId: str, PartNumber: int, Body: bytes, **_: Any) -> dict[str, Any]:  # noqa: N803
        self._begin("UploadPart")
        self.uploads[UploadId][PartNumber] = Body
        return {"ETag": self._tag(Body)}

    def complete_multipart_upload(
        self,
        *,
        Key: str,  # noqa: N803
        UploadId: str,  # noqa: N803
        MultipartUpload: dict[str, Any],  # noqa: N803
        **options: Any,
    ) -> dict[str, Any]:
        self._begin("CompleteMultipartUpload", Key, options)
        parts = self.uploads.pop(UploadId)
        data = b"".join(parts[part["PartNumber"]] for part in MultipartUpload["Parts"])
        return {"ETag": self._store(Key, data)}

    def abort_multipart_upload(self, *, UploadId: str, **_: Any) -> None:  # noqa: N803
        self._begin("AbortMultipartUpload")
        if self.uploads.pop(UploadId, None) is None:
            raise make_client_error("NoSuchUpload", "AbortMultipartUpload", status=404)

    def _begin(self, operation: str, key: str | None = None, options: dict[str, Any] | None = None) -> None:
        self.calls.append(operation)
        if operation in self.fails:
            raise make_client_error(self.fails[operation], operation, status=500)
        if options and "IfNoneMatch" in options:
            if not self.has_conditional_writes:
                raise make_client_error("NotImplemented", operation, status=501)
            if key in self.objects:
                raise make_client_error("PreconditionFailed", operation, status=412)

    def _find(self, operation: str, key: str) -> bytes:
        if key not in self.objects:
            raise make_client_error("NoSuchKey", operation, status=404)
        return self.objects[key]

    def _store(self, key: str, data: bytes) -> str:
        if self.corrupts and data:
            data = bytes([data[0] ^ 1]) + data[1:]
        self.objects[key] = data
        return self._tag(data)

    def _tag(self, data: bytes) -> str:
        digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
        return f'"{digest}"' if self.has_md5_tags else '"a-tag-of-its-own"'


def make_client_error(code: str, operation: str, *, status: int = 400) -> ClientError:
    """What boto3 raises for an error response."""
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, operation)
