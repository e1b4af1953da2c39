"""The bridge from RSGI to WSGI, with a protocol of the test. A server: tests/integration/test_slow_clients.py."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace

import pytest
from granian.rsgi import ProtocolClosed

from api.http.rsgi_server import SEND_BYTES, RsgiServer
from tests.services.machine_speed import deadline


class Protocol:
    """Gives the blocks of a body, then keeps the client silent where `stalls`; remembers the answer."""

    def __init__(self, *blocks: bytes, stalls: bool = False, takes: int = 1_000_000) -> None:
        self._blocks, self._stalls, self._takes = list(blocks), stalls, takes
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.sent: list[bytes] = []

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self._blocks:
            return self._blocks.pop(0)
        if self._stalls:
            await asyncio.Event().wait()
        raise StopAsyncIteration

    def response_empty(self, status, headers):
        self.status, self.headers = status, headers

    def response_bytes(self, status, headers, body):
        self.status, self.headers, self.sent = status, headers, [body]

    def response_stream(self, status, headers):
        self.status, self.headers = status, headers
        return self

    async def send_bytes(self, data):
        if len(self.sent) == self._takes:
            if self._stalls:
                await asyncio.Event().wait()
            raise ProtocolClosed
        self.sent.append(data)


def scope(path="/", **changes):
    given = {
        "proto": "http",
        "http_version": "1.1",
        "server": "127.0.0.1:8080",
        "client": "[::1]:5000",
        "scheme": "http",
        "method": "POST",
        "path": path,
        "query_string": "a=1",
        "authority": None,
        "headers": {"content-type": "text/plain", "content-length": "3", "x-api-key": "k"},
    }
    return SimpleNamespace(**{**given, **changes})


def serve(app, protocol, *, own_threads_of=(), request=None):
    server = RsgiServer(app, threads=1, own_threads_of=own_threads_of, send_stall_s=0.05, on_stop=lambda: None)
    asyncio.run(server.__rsgi__(request or scope(), protocol))
    return protocol


def test_request_and_answer_pass_through():
    seen = {}

    def app(environ, start_response):
        seen.update(environ)
        body = b"".join(iter(lambda: environ["wsgi.input"].read(2), b""))
        start_response("201 Created", [("Content-Length", str(len(body)))])
        return [body]

    answered = serve(app, Protocol(b"a", b"bcd"), request=scope("/é", authority="host.test"))
    assert (answered.status, answered.sent) == (201, [b"abcd"])
    wanted = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/é".encode().decode("latin-1"),
        "QUERY_STRING": "a=1",
        "REMOTE_ADDR": "::1",
        "SERVER_PORT": "8080",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "3",
        "HTTP_X_API_KEY": "k",
        "HTTP_HOST": "host.test",
    }
    assert {name: seen[name] for name in wanted} == wanted


def test_field_with_an_underscore_does_not_pass_for_one_with_a_hyphen():
    seen = {}

    def app(environ, start_response):
        seen.update(environ)
        start_response("204 No Content", [])
        return []

    serve(app, Protocol(), request=scope(headers={"x_forwarded_for": "192.0.2.1", "x-request-id": "r"}))
    assert "HTTP_X_FORWARDED_FOR" not in seen
    assert seen["HTTP_X_REQUEST_ID"] == "r"


class GranianHeaders(dict):
    """As granian has them: `items` leaves out values that are not ASCII, which are None here."""

    def items(self):
        return [(name, value) for name, value in super().items() if value is not None]


def test_header_whose_value_is_not_ascii_does_not_pass_for_one_not_sent():
    seen = {}

    def app(environ, start_response):
        seen.update(environ)
        start_response("204 No Content", [])
        return []

    headers = GranianHeaders({"idempotency-key": None, "x-api-key": "k", "x_forwarded_for": None, "content-type": None})
    serve(app, Protocol(), request=scope(headers=headers))
    assert seen["HTTP_X_API_KEY"] == "k"
    unreadable = "\N{REPLACEMENT CHARACTER}".encode().decode("latin-1")
    assert seen["HTTP_IDEMPOTENCY_KEY"] == seen["CONTENT_TYPE"] == unreadable
    assert "HTTP_X_FORWARDED_FOR" not in seen


def test_websocket_is_refused_before_the_application_sees_it():
    class Websocket:
        closed_with = None

        def close(self, status=None):
            self.closed_with = status

    websocket = serve(lambda *_: pytest.fail("the application was called"), Websocket(), request=scope(proto="ws"))
    assert websocket.closed_with == 404


def test_read_of_a_client_that_has_stopped_to_send_ends_in_time():
    def app(environ, start_response):
        assert environ["wsgi.input"].read_within(10, 5) == b"a"
        with pytest.raises(TimeoutError):
            environ["wsgi.input"].read_within(10, 0.01)
        assert environ["wsgi.input"].read(10) == b""
        start_response("408 Request Timeout", [])
        return []

    assert serve(app, Protocol(b"a", stalls=True)).status == 408


class Closing(list):
    closed = False

    def close(self):
        self.closed = True


@pytest.mark.parametrize("stalls", [True, False])
def test_client_that_does_not_read_or_has_gone_ends_the_response(stalls):
    blocks = Closing([b"x" * SEND_BYTES] * 100)

    def app(_environ, start_response):
        start_response("200 OK", [])
        return blocks

    answered = serve(app, Protocol(stalls=stalls, takes=2))
    assert len(answered.sent) == 2 and blocks.closed


def test_long_block_is_sent_in_pieces():
    def app(_environ, start_response):
        start_response("200 OK", [])
        return [b"x" * (2 * SEND_BYTES + 1)]

    assert [len(piece) for piece in serve(app, Protocol()).sent] == [SEND_BYTES, SEND_BYTES, 1]


def test_probe_is_answered_while_all_threads_are_busy():
    release = threading.Event()

    def app(environ, start_response):
        if environ["PATH_INFO"] != "/livez":
            release.wait()
        start_response("200 OK", [])
        return []

    async def run():
        server = RsgiServer(app, threads=1, own_threads_of=("/livez",), send_stall_s=1, on_stop=lambda: None)
        busy = [asyncio.ensure_future(server.__rsgi__(scope("/"), Protocol())) for _ in range(3)]
        probe = Protocol()
        try:
            await asyncio.wait_for(server.__rsgi__(scope("/livez"), probe), deadline(5))
            assert probe.status == 200 and not any(one.done() for one in busy)
        finally:
            release.set()
        await asyncio.gather(*busy)

    asyncio.run(run())
