"""Translates botocore's exceptions and S3's error codes into the errors of this project."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from jobs.errors import AccessRefused, BucketMissing, CorruptObject, NotFound, StorageUnavailable

_MISSING = frozenset({"NoSuchKey", "404", "NotFound"})
_READS = frozenset({"GetObject", "HeadObject", "CopyObject"})
_CORRUPT = frozenset({"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "IncompleteBody"})
#: Codes of a store that does not implement If-None-Match.
_UNSUPPORTED = frozenset({"NotImplemented", "501", "InvalidArgument", "InvalidRequest"})


class ObjectExists(Exception):
    """412: an object of this key exists."""


class ConditionsUnsupported(Exception):
    """The store does not implement conditional writes."""


class RangeNotSatisfiable(Exception):
    """416: the range begins after the last byte."""


class TruncatedResponse(BotoCoreError):
    """A response ended within its headers."""

    fmt = "The answer ended within its headers."


@contextlib.contextmanager
def s3_errors() -> Iterator[None]:
    """Raises our errors in place of botocore's, and the first three classes above for the callers that expect them."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        raise _translate(code, status, error.operation_name) from error
    except (BotoCoreError, ResponseParserError) as error:
        raise StorageUnavailable(f"the object storage does not answer ({type(error).__name__})") from error


def reject_truncated(response_dict: dict[str, Any], **_: Any) -> None:
    """For botocore's event `before-parse`: without it, a response that lost its end is taken for an empty one."""
    headers = response_dict["headers"]
    is_complete = "content-length" in headers or "transfer-encoding" in headers or response_dict["status_code"] == 204
    if not is_complete:
        raise TruncatedResponse


def _translate(code: str, status: int | None, operation: str) -> Exception:
    if code == "NoSuchBucket" or (operation == "HeadBucket" and (code in _MISSING or status == 404)):
        return BucketMissing()
    if operation == "HeadBucket":
        return StorageUnavailable(f"the bucket cannot be used ({code or status})")
    if code in _MISSING or (code == "NoSuchUpload" and operation == "AbortMultipartUpload"):
        return NotFound("there is no such object")
    if code in _CORRUPT:
        return CorruptObject("the object storage received other bytes than were sent")
    if code in ("PreconditionFailed", "412"):
        return ObjectExists()
    if code in ("InvalidRange", "416"):
        return RangeNotSatisfiable()
    if code in _UNSUPPORTED and operation in ("PutObject", "CompleteMultipartUpload"):
        return ConditionsUnsupported()
    if (code in ("AccessDenied", "403") or status == 403) and operation in _READS:
        return AccessRefused(f"the object storage refuses {operation} ({code or status})")
    # Also for errors that an operator has to correct (no bucket, no permission): jobs wait and do not fail.
    return StorageUnavailable(f"the object storage refuses {operation} ({code or status})")
