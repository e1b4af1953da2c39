"""Verified writes to an S3-compatible bucket: an object appears complete, once, and with the bytes that were sent.

Works with stores that have neither trailing checksums nor conditional writes: Content-MD5 protects each request,
conditional writes are used where the store has them, and the stored object is checked after the write.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import structlog

from jobs.errors import Conflict, CorruptObject, NotFound, StorageUnavailable
from jobs.storage.object_keys import check_key
from jobs.stored_object import StoredObject

from .errors import ConditionsUnsupported, ObjectExists, s3_errors

_log = structlog.get_logger(__name__)

_BLOCK = 1 << 20


class Bucket:
    """Writes to one bucket, under a prefix of it. Threads may share it."""

    def __init__(self, client: Any, id: str, prefix: str = "") -> None:
        """`client`: of boto3. `prefix` may begin or end with "/"."""
        self._client, self.id = client, id
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._has_conditional_writes = self._etags_are_md5 = True

    def name(self, key: str) -> str:
        """The name of an object in the bucket. Raises InvalidKey."""
        return self.prefix + check_key(key)

    def put_bytes(self, key: str, data: bytes, content_type: str) -> StoredObject:
        name = self.name(key)
        sha256 = hashlib.sha256(data).hexdigest()
        md5 = hashlib.md5(data, usedforsecurity=False)
        answer = self._write_once(
            "put_object",
            name,
            sha256,
            len(data),
            Body=data,
            ContentMD5=base64.b64encode(md5.digest()).decode(),
            ContentType=content_type,
            Metadata={"sha256": sha256},
        )
        needs_check = answer is not None and etag_of(answer) != md5.hexdigest()
        self._check_written(name, sha256, len(data), needs_check=needs_check)
        return StoredObject(key=key, sha256=sha256, bytes=len(data))

    def start_multipart(self, key: str, content_type: str) -> tuple[str, str]:
        """Full name and upload id."""
        name = self.name(key)
        with s3_errors():
            answer = self._client.create_multipart_upload(Bucket=self.id, Key=name, ContentType=content_type)
        return name, str(answer["UploadId"])

    def put_part(self, name: str, upload_id: str, number: int, data: bytes) -> tuple[dict[str, Any], bool]:
        """The part as `finish_multipart` takes it, and whether it needs a check because its ETag is not its MD5."""
        md5 = hashlib.md5(data, usedforsecurity=False)
        with s3_errors():
            answer = self._client.upload_part(
                Bucket=self.id,
                Key=name,
                UploadId=upload_id,
                PartNumber=number,
                Body=data,
                ContentMD5=base64.b64encode(md5.digest()).decode(),
            )
        return {"PartNumber": number, "ETag": answer["ETag"]}, etag_of(answer) != md5.hexdigest()

    def finish_multipart(
        self, name: str, upload_id: str, parts: list[dict[str, Any]], *, sha256: str, size: int, needs_check: bool
    ) -> None:
        self._write_once(
            "complete_multipart_upload", name, sha256, size, UploadId=upload_id, MultipartUpload={"Parts": parts}
        )
        self._check_written(name, sha256, size, needs_check=needs_check)

    def abort_multipart(self, name: str, upload_id: str) -> None:
        with contextlib.suppress(NotFound), s3_errors():
            self._client.abort_multipart_upload(Bucket=self.id, Key=name, UploadId=upload_id)

    def _write_once(
        self, operation: str, name: str, sha256: str, size: int, **arguments: Any
    ) -> Mapping[str, Any] | None:
        """Run a write that must not overwrite. None: the same bytes were there already. Raises Conflict."""
        call = getattr(self._client, operation)
        if self._has_conditional_writes:
            try:
                with s3_errors():
                    answer: Mapping[str, Any] = call(Bucket=self.id, Key=name, IfNoneMatch="*", **arguments)
                    return answer
            except ObjectExists:
                self._check_same(name, sha256, size)
                return None
            except ConditionsUnsupported:
                pass
        try:
            self._check_same(name, sha256, size)
            return None
        except NotFound:
            pass
        try:
            with s3_errors():
                answer = call(Bucket=self.id, Key=name, **arguments)
        except ConditionsUnsupported as error:  # the condition was not the cause
            raise StorageUnavailable(f"the object storage refuses {operation}") from error
        if self._has_conditional_writes:
            _log.info("object_storage_without_conditional_writes")
            self._has_conditional_writes = False
        return answer

    def _check_same(self, name: str, sha256: str, size: int) -> None:
        with s3_errors():
            head = self._client.head_object(Bucket=self.id, Key=name)
        known = head.get("Metadata", {}).get("sha256")
        if head["ContentLength"] != size or (known or self._hash(name)) != sha256:
            raise Conflict("an object of this name exists with other bytes")

    def _check_written(self, name: str, sha256: str, size: int, *, needs_check: bool) -> None:
        """Check the size, and the bytes if `needs_check`. A wrong object is deleted. Raises CorruptObject."""
        with s3_errors():
            written = self._client.head_object(Bucket=self.id, Key=name)["ContentLength"]
        if written == size:
            if not needs_check or not self._etags_are_md5:
                return
            if self._hash(name) == sha256:
                self._etags_are_md5 = False  # this store has other ETags; Content-MD5 is all there is
                return
        with contextlib.suppress(StorageUnavailable), s3_errors():
            self._client.delete_object(Bucket=self.id, Key=name)
        raise CorruptObject("the object storage did not keep the bytes that were sent")

    def _hash(self, name: str) -> str:
        with s3_errors():
            body = self._client.get_object(Bucket=self.id, Key=name)["Body"]
        digest = hashlib.sha256()
        for block in read_blocks(body, _BLOCK):
            digest.update(block)
        return digest.hexdigest()


def etag_of(answer: Mapping[str, Any]) -> str:
    """The ETag without its quotes: on most stores the MD5 of the bytes."""
    return str(answer.get("ETag", "")).strip('"')


def read_blocks(body: Any, block: int) -> Iterator[bytes]:
    """The bytes of a response body in blocks of `block` bytes; closes it."""
    with contextlib.closing(body), s3_errors():
        yield from body.iter_chunks(block)
