"""Objects in an S3-compatible bucket, under a prefix of it: which requests to S3 make a file of ours safe.

Works with stores that know neither trailing checksums nor conditional writes: Content-MD5 guards the way in, a
conditional write is asked for while the store understands it, and SHA-256 is verified on the way out. Timeouts are
short and retries few: callers repeat whole steps, and have to notice an outage in seconds.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import boto3
import structlog
from boto3.s3.transfer import TransferConfig

from jobs.errors import Conflict, CorruptObject, NotFound, StorageUnavailable
from jobs.job import StoredPart
from jobs.storage.block_reader import BlockReader
from jobs.storage.object_keys import check_key, check_prefix
from jobs.storage.verified_save import save_verified

from .client import s3_client
from .errors import Exists, NotUnderstood, PastTheEnd, s3_errors
from .upload import S3Upload

_log = structlog.get_logger(__name__)

_BLOCK = 1 << 20
#: Files up to this size go in one request, out of memory.
_WHOLE_BYTES = 16 << 20
_MAX_URL_S = 900
#: Objects deleted at once; S3 takes a thousand.
_PAGE = 1000


class S3Storage:
    """One bucket (or a prefix of one). Threads may share it; processes make their own."""

    def __init__(
        self,
        bucket: str,
        *,
        prefix: str = "",
        endpoint_url: str | None = None,
        public_endpoint_url: str | None = None,
        region: str | None = None,
        connect_timeout_s: float = 2.0,
        read_timeout_s: float = 10.0,
        attempts: int = 2,
    ) -> None:
        """`public_endpoint_url`: where clients reach the same store, if they reach it by another name than we do."""
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._session = boto3.session.Session(region_name=region)
        self._endpoint_url = endpoint_url
        self._client = s3_client(self._session, endpoint_url, connect_timeout_s, read_timeout_s, attempts)
        self._signer = self._client
        if public_endpoint_url is not None:
            self._signer = s3_client(self._session, public_endpoint_url, connect_timeout_s, read_timeout_s, attempts)
        self._conditional = self._tags_are_md5 = True

    # -- in ----------------------------------------------------------------------------------------------------------
    def put_file(self, key: str, path: Path, *, content_type: str = "application/octet-stream") -> StoredPart:
        if path.stat().st_size <= _WHOLE_BYTES:
            return self.put_bytes(key, path.read_bytes(), content_type=content_type)
        upload = self.open_upload(key, content_type=content_type)
        try:
            with path.open("rb") as file:
                while block := file.read(_BLOCK):
                    upload.write(block)
            return upload.complete()
        finally:
            upload.abort()

    def put_bytes(self, key: str, data: bytes, *, content_type: str = "application/octet-stream") -> StoredPart:
        name = self._name(key)
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
        doubtful = answer is not None and tag_of(answer) != md5.hexdigest()
        self._check_written(name, sha256, len(data), doubtful=doubtful)
        return StoredPart(key=key, sha256=sha256, bytes=len(data))

    def open_upload(self, key: str, *, content_type: str = "application/octet-stream") -> S3Upload:
        return S3Upload(self, check_key(key), content_type)

    def copy(self, source: str, target: str) -> None:
        check_key(target)
        size = self.stat(source)
        if size is None:
            raise NotFound("there is no such object")
        if self.stat(target) == size:
            return  # an earlier try got through
        with s3_errors():
            self._client.copy(
                {"Bucket": self._bucket, "Key": self._name(source)},
                self._bucket,
                self._name(target),
                Config=TransferConfig(use_threads=False),
            )
        if self.stat(target) != size:
            raise CorruptObject("a copied object has another size than its source")

    # -- out ---------------------------------------------------------------------------------------------------------
    def fetch(self, key: str, path: Path, *, sha256: str | None, bytes: int | None = None) -> None:
        for is_last in (False, True):
            blocks = self.read(key)
            try:
                save_verified(blocks, path, sha256=sha256, bytes=bytes)
            except (CorruptObject, StorageUnavailable) as error:
                # What was spoilt on the way is whole at the second reading; what is spoilt in the store is not.
                _log.warning("object_read_failed", key=key, code=error.code, detail=error.detail)
                if is_last:
                    raise
            except OSError as error:
                raise StorageUnavailable(f"cannot write the local copy of an object: {error.strerror}") from error
            else:
                return

    def open(self, key: str) -> BinaryIO:
        return io.BufferedReader(BlockReader(self.read(key)), buffer_size=_BLOCK)

    def read(self, key: str, *, offset: int = 0, length: int | None = None, block: int = _BLOCK) -> Iterator[bytes]:
        if length is not None and length <= 0:
            return iter(())
        bounds = {}
        if offset or length is not None:
            bounds["Range"] = f"bytes={offset}-" + ("" if length is None else str(offset + length - 1))
        try:
            with s3_errors():
                body = self._client.get_object(Bucket=self._bucket, Key=self._name(key), **bounds)["Body"]
        except PastTheEnd:
            return iter(())
        # Asked for here and not in the generator: a missing object is told before the first byte is wanted.
        return _blocks(body, block)

    def stat(self, key: str) -> int | None:
        try:
            with s3_errors():
                return int(self._client.head_object(Bucket=self._bucket, Key=self._name(key))["ContentLength"])
        except NotFound:
            return None

    def url(self, key: str, *, filename: str, content_type: str, expires_s: int = 900) -> str | None:
        """A link good for `expires_s` seconds, 15 minutes at most; always a download, always of this type."""
        with s3_errors():
            return str(
                self._signer.generate_presigned_url(
                    "get_object",
                    Params={
                        "Bucket": self._bucket,
                        "Key": self._name(key),
                        "ResponseContentDisposition": attachment(filename),
                        "ResponseContentType": content_type,
                    },
                    ExpiresIn=max(1, min(expires_s, _MAX_URL_S)),
                )
            )

    # -- away --------------------------------------------------------------------------------------------------------
    def delete_prefix(self, prefix: str) -> int:
        under = self._prefix + check_prefix(prefix)
        removed = 0
        with s3_errors():
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=under, PaginationConfig={"PageSize": _PAGE}
            )
            for page in pages:
                names = [{"Key": item["Key"]} for item in page.get("Contents", [])]
                if not names:
                    continue
                answer = self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": names, "Quiet": True})
                if failed := answer.get("Errors"):
                    raise StorageUnavailable(f"the object storage kept {len(failed)} objects: {failed[0].get('Code')}")
                removed += len(names)
            # Uploads that a killed process left open are invisible, and paid for.
            pages = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self._bucket, Prefix=under)
            for item in [item for page in pages for item in page.get("Uploads", [])]:
                self.abort_multipart(item["Key"], item["UploadId"])
        return removed

    def check(self) -> None:
        with s3_errors():
            self._probe.head_bucket(Bucket=self._bucket)

    # -- for S3Upload ------------------------------------------------------------------------------------------------
    def start_multipart(self, key: str, content_type: str) -> tuple[str, str]:
        """Full name and upload id."""
        name = self._name(key)
        with s3_errors():
            answer = self._client.create_multipart_upload(Bucket=self._bucket, Key=name, ContentType=content_type)
        return name, str(answer["UploadId"])

    def put_part(self, name: str, upload_id: str, number: int, data: bytes) -> tuple[dict[str, Any], bool]:
        """What `finish_multipart` wants to know of the part, and whether the store's tag casts doubt on it."""
        md5 = hashlib.md5(data, usedforsecurity=False)
        with s3_errors():
            answer = self._client.upload_part(
                Bucket=self._bucket,
                Key=name,
                UploadId=upload_id,
                PartNumber=number,
                Body=data,
                ContentMD5=base64.b64encode(md5.digest()).decode(),
            )
        return {"PartNumber": number, "ETag": answer["ETag"]}, tag_of(answer) != md5.hexdigest()

    def finish_multipart(
        self, name: str, upload_id: str, parts: list[dict[str, Any]], *, sha256: str, size: int, doubtful: bool
    ) -> None:
        self._write_once(
            "complete_multipart_upload", name, sha256, size, UploadId=upload_id, MultipartUpload={"Parts": parts}
        )
        self._check_written(name, sha256, size, doubtful=doubtful)

    def abort_multipart(self, name: str, upload_id: str) -> None:
        with contextlib.suppress(NotFound), s3_errors():
            self._client.abort_multipart_upload(Bucket=self._bucket, Key=name, UploadId=upload_id)

    # -- inside ------------------------------------------------------------------------------------------------------
    @functools.cached_property
    def _probe(self) -> Any:
        # Health asks often and must not hang: one short attempt. Made at first use; most processes never ask.
        return s3_client(self._session, self._endpoint_url, 1.0, 3.0, 1)

    def _name(self, key: str) -> str:
        return self._prefix + check_key(key)

    def _write_once(
        self, operation: str, name: str, sha256: str, size: int, **arguments: Any
    ) -> Mapping[str, Any] | None:
        """Run a write that must not overwrite. None: the same bytes were there already. Raises Conflict."""
        call = getattr(self._client, operation)
        if self._conditional:
            try:
                with s3_errors():
                    return call(Bucket=self._bucket, Key=name, IfNoneMatch="*", **arguments)
            except Exists:
                self._check_same(name, sha256, size)
                return None
            except NotUnderstood:
                pass
        try:
            self._check_same(name, sha256, size)
            return None
        except NotFound:
            pass
        try:
            with s3_errors():
                answer = call(Bucket=self._bucket, Key=name, **arguments)
        except NotUnderstood as error:  # it was not the condition that the store dislikes
            raise StorageUnavailable(f"the object storage refuses {operation}") from error
        if self._conditional:
            _log.info("object_storage_without_conditional_writes")
            self._conditional = False
        return answer

    def _check_same(self, name: str, sha256: str, size: int) -> None:
        with s3_errors():
            head = self._client.head_object(Bucket=self._bucket, Key=name)
        known = head.get("Metadata", {}).get("sha256")
        if head["ContentLength"] != size or (known or self._hash(name)) != sha256:
            raise Conflict("an object of this name exists with other bytes")

    def _check_written(self, name: str, sha256: str, size: int, *, doubtful: bool) -> None:
        """The size always; the bytes where the store's tag is not their MD5: damaged, or a store with other tags."""
        with s3_errors():
            written = self._client.head_object(Bucket=self._bucket, Key=name)["ContentLength"]
        if written == size:
            if not doubtful or not self._tags_are_md5:
                return
            if self._hash(name) == sha256:
                self._tags_are_md5 = False  # it has tags of its own making, and Content-MD5 has to do
                return
        with contextlib.suppress(StorageUnavailable), s3_errors():
            self._client.delete_object(Bucket=self._bucket, Key=name)
        raise CorruptObject("the object storage did not keep the bytes that were sent")

    def _hash(self, name: str) -> str:
        with s3_errors():
            body = self._client.get_object(Bucket=self._bucket, Key=name)["Body"]
        digest = hashlib.sha256()
        for block in _blocks(body, _BLOCK):
            digest.update(block)
        return digest.hexdigest()


def attachment(filename: str) -> str:
    """A Content-Disposition that downloads under `filename`, whatever characters it has."""
    plain = re.sub(r"[^A-Za-z0-9 ._()+-]", "_", filename) or "download"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


def tag_of(answer: Mapping[str, Any]) -> str:
    """The ETag without its quotes: the MD5 of the bytes, on most stores."""
    return str(answer.get("ETag", "")).strip('"')


def _blocks(body: Any, block: int) -> Iterator[bytes]:
    with contextlib.closing(body), s3_errors():
        yield from body.iter_chunks(block)
