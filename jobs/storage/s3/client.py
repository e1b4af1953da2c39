"""A boto3 client that works with S3-compatible stores of all kinds, with timeouts of seconds."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import boto3
from botocore.config import Config

from .errors import reject_truncated


def s3_client(
    session: boto3.session.Session,
    endpoint_url: str | None,
    connect_timeout_s: float,
    read_timeout_s: float,
    attempts: int,
) -> Any:
    """A client for one endpoint; None = that of AWS in the session's region. Threads may share it."""
    client = session.client(
        "s3",
        endpoint_url=endpoint_url,
        config=Config(
            signature_version="s3v4",
            connect_timeout=connect_timeout_s,
            read_timeout=read_timeout_s,
            retries={"mode": "standard", "total_max_attempts": attempts},
            max_pool_connections=32,
            # Several stores refuse the checksums that boto3 adds by itself since 1.36.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={"addressing_style": "path" if endpoint_url else "auto"},
        ),
    )
    client.meta.events.register("before-call.s3.DeleteObjects", _add_content_md5)
    for operation in ("GetObject", "HeadObject", "ListObjectsV2"):  # an empty response would be taken for a result
        client.meta.events.register(f"before-parse.s3.{operation}", reject_truncated)
    return client


def _add_content_md5(params: dict[str, Any], **_: Any) -> None:
    # The one request that S3 requires a checksum for; every store knows MD5.
    digest = hashlib.md5(params["body"], usedforsecurity=False).digest()
    params["headers"]["Content-MD5"] = base64.b64encode(digest).decode()
