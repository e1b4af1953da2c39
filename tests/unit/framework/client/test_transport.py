"""Requests as arguments of httpx, and its exceptions as those of the SDK."""

from __future__ import annotations

import httpx
import pytest

from framework.client.endpoints import ApiRequest, get_job, transcribe
from framework.client.errors import NotConfigured, Unreachable
from framework.client.settings import Server
from framework.client.transport import client_arguments, request_arguments, translate_errors


@pytest.mark.parametrize(
    ("address", "uses_proxies"),
    [
        ("http://127.0.0.1:8080", False),
        ("http://localhost:8080", False),
        ("http://[::1]:8080", False),
        ("https://speech.example.org", True),
        ("http://10.0.0.7", True),
    ],
)
def test_proxies_of_the_environment_are_for_other_machines_only(address: str, uses_proxies: bool) -> None:
    assert client_arguments(Server(address, "vm_x"))["trust_env"] is uses_proxies


def test_key_is_sent_as_a_bearer_token_without_surrounding_space() -> None:
    assert client_arguments(Server("http://x", " vm_x\n"))["headers"]["Authorization"] == "Bearer vm_x"
    assert "Authorization" not in client_arguments(Server("http://x", None))["headers"]


@pytest.mark.parametrize(("address", "key"), [("http://[::", "vm_x"), ("http://x", "ключ"), ("http://x", "a\tb")])
def test_invalid_address_or_key_is_not_configured(address: str, key: str) -> None:
    with pytest.raises(NotConfigured, match="cannot be used"):
        client_arguments(Server(address, key))


def read_timeout_s(request: ApiRequest[object], timeout_s: float) -> float:
    with request_arguments(request, timeout_s) as arguments:
        return arguments["timeout"].read


def test_server_gets_more_time_for_a_long_poll_and_after_an_upload() -> None:
    assert read_timeout_s(get_job("job_1"), 30.0) == 30.0
    assert read_timeout_s(get_job("job_1", wait_s=20.0), 30.0) == 50.0
    upload = transcribe(b"RIFF", idempotency_key=None, on_upload=None, options={})
    assert read_timeout_s(upload, 30.0) == 330.0


def test_file_of_an_upload_is_sent_with_its_name_and_type() -> None:
    upload = transcribe(("talk.opus", b"OggS"), idempotency_key=None, on_upload=None, options={"language": "en"})
    with request_arguments(upload, 30.0) as arguments:
        name, file, content_type = arguments["files"]["file"]
        assert (name, file.read(), content_type) == ("talk.opus", b"OggS", "audio/ogg")
        assert arguments["data"] == {"language": "en"}


@pytest.mark.parametrize(
    ("error", "message", "maybe_sent"),
    [
        (httpx.ConnectError("refused"), "Nothing answers at http://x \\(refused\\)", False),
        (httpx.ConnectTimeout(""), "Nothing answers at http://x \\(ConnectTimeout\\)", False),
        (httpx.ReadTimeout(""), "did not answer in time", True),
        (httpx.RemoteProtocolError("cut"), "The connection to http://x broke \\(cut\\)", True),
        (httpx.TooManyRedirects("loop"), "The connection to http://x broke", True),
    ],
)
def test_failed_connection_is_unreachable(error: Exception, message: str, maybe_sent: bool) -> None:
    with pytest.raises(Unreachable, match=message) as caught, translate_errors("http://x"):
        raise error
    assert caught.value.maybe_sent is maybe_sent


def test_other_exceptions_pass_unchanged() -> None:
    with pytest.raises(ZeroDivisionError), translate_errors("http://x"):
        raise ZeroDivisionError
