"""The client's settings: what S3-compatible stores need, and how soon it gives up."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from jobs.storage.s3.client import s3_client
from jobs.storage.s3.errors import TruncatedResponse


@pytest.fixture
def make_client(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    session = boto3.session.Session(region_name="eu-west-1")
    return lambda endpoint_url: s3_client(session, endpoint_url, 1.5, 7.0, 2)


def test_timeouts_and_attempts_are_those_given(make_client: Any) -> None:
    config = make_client("http://store:9000").meta.config
    assert (config.connect_timeout, config.read_timeout, config.retries["total_max_attempts"]) == (1.5, 7.0, 2)


def test_no_checksums_are_added_that_some_stores_refuse(make_client: Any) -> None:
    config = make_client("http://store:9000").meta.config
    assert config.request_checksum_calculation == config.response_checksum_validation == "when_required"


@pytest.mark.parametrize(
    ("endpoint_url", "link"),
    [("http://store:9000", "http://store:9000/bucket/key?"), (None, "https://bucket.s3.amazonaws.com/key?")],
)
def test_bucket_is_in_the_path_of_an_endpoint_of_ones_own(
    make_client: Any, endpoint_url: str | None, link: str
) -> None:
    client = make_client(endpoint_url)
    found = client.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": "key"})
    assert found.startswith(link)
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in found


class RawResponse:
    """The connection of a response, as urllib3 gives it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._body


def respond(client: Any, body: bytes, headers: dict[str, str]) -> list[Any]:
    """Answer every request of the client in place of a server. Returns the list that the requests are added to."""
    requests: list[Any] = []

    def answer(request: Any, **_: Any) -> AWSResponse:
        requests.append(request)
        return AWSResponse(request.url, 200, headers, RawResponse(body))

    client.meta.events.register("before-send.s3", answer)
    return requests


def test_deletion_of_many_objects_carries_a_content_md5(make_client: Any) -> None:
    client = make_client("http://store:9000")
    requests = respond(client, b"<DeleteResult/>", {"content-length": "15"})
    client.delete_objects(Bucket="bucket", Delete={"Objects": [{"Key": "key"}], "Quiet": True})
    digest = hashlib.md5(requests[0].body, usedforsecurity=False).digest()
    assert requests[0].headers["Content-MD5"] == base64.b64encode(digest)


@pytest.mark.parametrize("operation", ["get_object", "head_object", "list_objects_v2"])
def test_truncated_response_to_a_read_is_rejected(make_client: Any, operation: str) -> None:
    client = make_client("http://store:9000")
    respond(client, b"", {})
    arguments = {"Bucket": "bucket"} if operation == "list_objects_v2" else {"Bucket": "bucket", "Key": "key"}
    with pytest.raises(TruncatedResponse):
        getattr(client, operation)(**arguments)


def test_complete_empty_response_is_accepted(make_client: Any) -> None:
    client = make_client("http://store:9000")
    respond(client, b"", {"content-length": "0"})
    assert client.head_object(Bucket="bucket", Key="key")["ContentLength"] == 0
