"""A webhook receiver on the loopback interface, as a user would write one: verify the signature, then read the body.

It verifies with the `standardwebhooks` package itself, not with the SDK, so that sender and receiver share no code.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from standardwebhooks import Webhook, WebhookVerificationError


@dataclass(frozen=True)
class ReceivedWebhook:
    """One received webhook. `at` is `time.monotonic()`; `event` is empty if the signature is not valid."""

    at: float
    is_signed: bool
    event: dict[str, Any]


class WebhookReceiver:
    """Receives webhooks while it is entered. `secret` must be set before the first delivery."""

    def __init__(self) -> None:
        self.secret = ""
        self.deliveries: list[ReceivedWebhook] = []
        self._changed = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                is_signed = receiver._receive(body, dict(self.headers.items()))
                self.send_response(204 if is_signed else 401)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """The demo prints itself what it received."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def address(self) -> str:
        """`host:port`, as VOICEMILL_OUTBOUND_ALLOW accepts it."""
        host, port = self._http.server_address[:2]
        return f"{host!s}:{port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def wait_for(self, job_id: str, *, timeout_s: float) -> ReceivedWebhook | None:
        """The first signed delivery about this job; None if there is none within `timeout_s`."""

        def find() -> ReceivedWebhook | None:
            signed = (delivery for delivery in self.deliveries if delivery.is_signed)
            return next((delivery for delivery in signed if delivery.event.get("data", {}).get("id") == job_id), None)

        with self._changed:
            return self._changed.wait_for(find, timeout=timeout_s)

    def _receive(self, body: bytes, headers: dict[str, str]) -> bool:
        try:
            Webhook(self.secret).verify(body, headers)
            is_signed = True
        except (WebhookVerificationError, ValueError):
            is_signed = False
        with self._changed:
            self.deliveries.append(ReceivedWebhook(time.monotonic(), is_signed, json.loads(body) if is_signed else {}))
            self._changed.notify_all()
        return is_signed
