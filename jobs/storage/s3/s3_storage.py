"""The storage port on an S3-compatible bucket, or on a prefix of one.

bucket.py writes and verifies what it wrote; here SHA-256 is verified on every read. Timeouts are short and retries
few, because callers repeat whole steps and must notice an outage in seconds.
"""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import boto3
import structlog
from boto3.s3.transfer import TransferConfig

from jobs.errors import CorruptObject, NotFound, StorageUnavailable
from jobs.storage.block_reader import BlockReader
from jobs.storage.object_keys import OBJECT_PREFIXES, check_key, check_prefix
from jobs.storage.verified_save import save_verified
from jobs.stored_object import StoredObject

from .bucket import Bucket, read_blocks
from .client import s3_client
from .errors import RangeNotSatisfiable, s3_errors
from .upload import S3Upload

_log = structlog.get_logger(__name__)

_BLOCK = 1 << 20
#: Files up to this size are sent in one request, from memory.
_SINGLE_PUT_BYTES = 16 << 20
_MAX_URL_S = 900
#: Objects deleted at once; S3 takes a thousand.
_PAGE = 1000


class S3Storage:
    """One bucket (or a prefix of one). Threads may share it; processes open their own."""

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
        """`public_endpoint_url`: endpoint of links, if clients reach the store under another name than we do."""
        self._session = boto3.session.Session(region_name=region)
        self._endpoint_url = endpoint_url
        self._client = s3_client(self._session, endpoint_url, connect_timeout_s, read_timeout_s, attempts)
        self._signer = self._client
        if public_endpoint_url is not None:
            self._signer = s3_client(self._session, public_endpoint_url, connect_timeout_s, read_timeout_s, attempts)
        self._bucket = Bucket(self._client, bucket, prefix)

    # -- write --------------------------------------------------------------------------------------------------------
    def put_file(self, key: str, path: Path, *, content_type: str = "application/octet-stream") -> StoredObject:
        if path.stat().st_size <= _SINGLE_PUT_BYTES:
            return self.put_bytes(key, path.read_bytes(), content_type=content_type)
        upload = self.open_upload(key, content_type=content_type)
        try:
            with path.open("rb") as file:
                while block := file.read(_BLOCK):
                    upload.write(block)
            return upload.complete()
        finally:
            upload.abort()

    def put_bytes(self, key: str, data: bytes, *, content_type: str = "application/octet-stream") -> StoredObject:
        return self._bucket.put_bytes(key, data, content_type)

    def open_upload(self, key: str, *, content_type: str = "application/octet-stream") -> S3Upload:
        return S3Upload(self._bucket, check_key(key), content_type)

    def copy(self, source: str, target: str) -> None:
        check_key(target)
        size = self.stat(source)
        if size is None:
            raise NotFound("there is no such object")
        if self.stat(target) == size:
            return  # an earlier attempt has copied it
        with s3_errors():
            self._client.copy(
                {"Bucket": self._bucket.id, "Key": self._bucket.name(source)},
                self._bucket.id,
                self._bucket.name(target),
                Config=TransferConfig(use_threads=False),
            )
        if self.stat(target) != size:
            raise CorruptObject("a copied object has another size than its source")

    # -- read ---------------------------------------------------------------------------------------------------------
    def fetch(self, key: str, path: Path, *, sha256: str | None, bytes: int | None = None) -> None:
        for is_last in (False, True):
            blocks = self.read(key)
            try:
                save_verified(blocks, path, sha256=sha256, bytes=bytes)
            except (CorruptObject, StorageUnavailable) as error:
                # A second read repairs damage in transit, but not damage in the store.
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
                body = self._client.get_object(Bucket=self._bucket.id, Key=self._bucket.name(key), **bounds)["Body"]
        except RangeNotSatisfiable:
            return iter(())
        # Requested here and not in the generator: a missing object is reported before the first byte is read.
        return read_blocks(body, block)

    def stat(self, key: str) -> int | None:
        try:
            with s3_errors():
                return int(
                    self._client.head_object(Bucket=self._bucket.id, Key=self._bucket.name(key))["ContentLength"]
                )
        except NotFound:
            return None

    def url(self, key: str, *, filename: str, content_type: str, expires_s: int = 900) -> str | None:
        """A link that is valid for `expires_s` seconds, 15 minutes at most, and downloads with this name and type."""
        with s3_errors():
            return str(
                self._signer.generate_presigned_url(
                    "get_object",
                    Params={
                        "Bucket": self._bucket.id,
                        "Key": self._bucket.name(key),
                        "ResponseContentDisposition": format_content_disposition(filename),
                        "ResponseContentType": content_type,
                    },
                    ExpiresIn=max(1, min(expires_s, _MAX_URL_S)),
                )
            )

    # -- delete --------------------------------------------------------------------------------------------------------
    def delete_prefix(self, prefix: str) -> int:
        full_prefix = self._bucket.prefix + check_prefix(prefix)
        removed = 0
        with s3_errors():
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket.id, Prefix=full_prefix, PaginationConfig={"PageSize": _PAGE}
            )
            for page in pages:
                objects = [{"Key": item["Key"]} for item in page.get("Contents", [])]
                if not objects:
                    continue
                answer = self._client.delete_objects(Bucket=self._bucket.id, Delete={"Objects": objects, "Quiet": True})
                if failed := answer.get("Errors"):
                    raise StorageUnavailable(f"the object storage kept {len(failed)} objects: {failed[0].get('Code')}")
                removed += len(objects)
            # Uploads that a killed process left open are invisible, but cost money.
            pages = self._client.get_paginator("list_multipart_uploads").paginate(
                Bucket=self._bucket.id, Prefix=full_prefix
            )
            for item in [item for page in pages for item in page.get("Uploads", [])]:
                self._bucket.abort_multipart(item["Key"], item["UploadId"])
        return removed

    def discard_stale_uploads(self, *, older_than_s: float) -> int:
        begun_before = datetime.now(UTC) - timedelta(seconds=older_than_s)
        removed = 0
        with s3_errors():
            # Others may keep something in the same bucket.
            for prefix in OBJECT_PREFIXES:
                pages = self._client.get_paginator("list_multipart_uploads").paginate(
                    Bucket=self._bucket.id, Prefix=self._bucket.prefix + prefix
                )
                for item in [item for page in pages for item in page.get("Uploads", [])]:
                    if item["Initiated"] < begun_before:
                        self._bucket.abort_multipart(item["Key"], item["UploadId"])
                        removed += 1
        return removed

    def check(self) -> None:
        with s3_errors():
            self._health_client.head_bucket(Bucket=self._bucket.id)

    @functools.cached_property
    def _health_client(self) -> Any:
        # Health checks are frequent and must not hang: one short attempt. Created at first use, because most processes
        # never check.
        return s3_client(self._session, self._endpoint_url, 1.0, 3.0, 1)


def format_content_disposition(filename: str) -> str:
    """A Content-Disposition header that downloads under `filename`, safe for any characters in it."""
    plain = re.sub(r"[^A-Za-z0-9 ._()+-]", "_", filename) or "download"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
