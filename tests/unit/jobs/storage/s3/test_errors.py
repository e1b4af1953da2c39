"""Which of our errors each error of S3 and of botocore becomes."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, NoCredentialsError
from botocore.parsers import ResponseParserError

from jobs.errors import AccessRefused, BucketMissing, CorruptObject, NotFound, StorageUnavailable
from jobs.storage.s3.errors import (
    ConditionsUnsupported,
    ObjectExists,
    RangeNotSatisfiable,
    TruncatedResponse,
    reject_truncated,
    s3_errors,
)
from tests.memory_s3 import make_client_error


@pytest.mark.parametrize(
    ("code", "operation", "expected"),
    [
        ("NoSuchKey", "GetObject", NotFound),
        ("404", "HeadObject", NotFound),
        ("NoSuchUpload", "AbortMultipartUpload", NotFound),
        ("NoSuchUpload", "CompleteMultipartUpload", StorageUnavailable),
        ("NoSuchBucket", "PutObject", BucketMissing),
        ("404", "HeadBucket", BucketMissing),
        ("403", "HeadBucket", StorageUnavailable),
        ("BadDigest", "PutObject", CorruptObject),
        ("IncompleteBody", "UploadPart", CorruptObject),
        ("PreconditionFailed", "PutObject", ObjectExists),
        ("412", "CompleteMultipartUpload", ObjectExists),
        ("InvalidRange", "GetObject", RangeNotSatisfiable),
        ("NotImplemented", "PutObject", ConditionsUnsupported),
        ("NotImplemented", "ListObjectsV2", StorageUnavailable),
        ("AccessDenied", "PutObject", StorageUnavailable),
        ("AccessDenied", "GetObject", AccessRefused),
        ("403", "HeadObject", AccessRefused),
        ("SlowDown", "GetObject", StorageUnavailable),
    ],
)
def test_error_code_of_an_operation_is_translated(code: str, operation: str, expected: type[Exception]) -> None:
    with pytest.raises(expected) as caught, s3_errors():
        raise make_client_error(code, operation)
    assert type(caught.value) is expected


def test_unknown_code_is_named_with_its_operation() -> None:
    with pytest.raises(StorageUnavailable, match=r"refuses PutObject \(AccessDenied\)"), s3_errors():
        raise make_client_error("AccessDenied", "PutObject", status=403)
    with pytest.raises(StorageUnavailable, match=r"refuses PutObject \(503\)"), s3_errors():
        raise make_client_error("", "PutObject", status=503)


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="http://store"),
        ConnectTimeoutError(endpoint_url="http://store"),
        NoCredentialsError(),
        ResponseParserError("not XML"),
        TruncatedResponse(),
    ],
)
def test_errors_without_a_response_are_outages_named_by_their_class(error: Exception) -> None:
    with pytest.raises(StorageUnavailable, match=type(error).__name__), s3_errors():
        raise error


def test_other_exceptions_pass_through() -> None:
    with pytest.raises(ZeroDivisionError), s3_errors():
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("status", "headers", "is_truncated"),
    [
        (200, {"content-length": "0"}, False),
        (200, {"transfer-encoding": "chunked"}, False),
        (204, {}, False),
        (200, {}, True),
        (404, {"content-type": "application/xml"}, True),
    ],
)
def test_response_without_a_length_is_truncated(status: int, headers: dict[str, str], is_truncated: bool) -> None:
    response: dict[str, Any] = {"status_code": status, "headers": headers}
    if not is_truncated:
        reject_truncated(response, model=None)
        return
    with pytest.raises(TruncatedResponse):
        reject_truncated(response, model=None)
