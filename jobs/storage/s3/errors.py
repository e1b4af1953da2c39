"""What S3-compatible stores and the way to them say, in our words. Knows botocore's exceptions and S3's error codes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from jobs.errors import CorruptObject, NotFound, StorageUnavailable

_MISSING = frozenset({"NoSuchKey", "404", "NotFound"})
_DAMAGED = frozenset({"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "IncompleteBody"})
#: A store that does not know If-None-Match says one of these.
_NO_CONDITIONS = frozenset({"NotImplemented", "501", "InvalidArgument", "InvalidRequest"})


class Exists(Exception):
    """412: the key is taken."""


class NotUnderstood(Exception):
    """The store does not know conditional writes."""


class PastTheEnd(Exception):
    """416: the range begins after the last byte."""


class CutShort(BotoCoreError):
    """An answer ended within its headers."""

    fmt = "The answer ended within its headers."


@contextlib.contextmanager
def s3_errors() -> Iterator[None]:
    """Raises our errors in place of botocore's; and the three signals above, for who asked in a way that draws them."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        raise _translate(code, status, error.operation_name) from error
    except (BotoCoreError, ResponseParserError) as error:
        raise StorageUnavailable(f"the object storage does not answer ({type(error).__name__})") from error


def refuse_cut_short(response_dict: dict[str, Any], **_: Any) -> None:
    """For botocore's event `before-parse`: without it, an answer that lost its end counts as an empty one."""
    headers = response_dict["headers"]
    is_whole = "content-length" in headers or "transfer-encoding" in headers or response_dict["status_code"] == 204
    if not is_whole:
        raise CutShort


def _translate(code: str, status: int | None, operation: str) -> Exception:
    if operation == "HeadBucket":
        return StorageUnavailable(f"the bucket cannot be used ({code or status})")
    if code in _MISSING or (code == "NoSuchUpload" and operation == "AbortMultipartUpload"):
        return NotFound("there is no such object")
    if code in _DAMAGED:
        return CorruptObject("the object storage received other bytes than were sent")
    if code in ("PreconditionFailed", "412"):
        return Exists()
    if code in ("InvalidRange", "416"):
        return PastTheEnd()
    if code in _NO_CONDITIONS and operation in ("PutObject", "CompleteMultipartUpload"):
        return NotUnderstood()
    # Also what an operator has to mend (no bucket, no permission): jobs wait for it and none fails.
    return StorageUnavailable(f"the object storage refuses {operation} ({code or status})")
