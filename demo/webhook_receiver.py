"""A webhook receiver on the loopback, as a user would write one: check the signature, then believe the body.

It checks with the `standardwebhooks` package itself, not with the SDK, so that the demo shows two independent sides.
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
class Delivery:
    """One webhook that came. `at` is `time.monotonic()`."""

    at: float
    is_genuine: bool
    event: dict[str, Any]


class WebhookReceiver:
    """Listens while it is entered. `secret` must be set before the first delivery."""

    def __init__(self) -> None:
        self.secret = ""
        self.deliveries: list[Delivery] = []
        self._news = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                is_genuine = receiver._take(body, dict(self.headers.items()))
                self.send_response(204 if is_genuine else 401)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """The demo says itself what came."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def address(self) -> str:
        """`host:port`, as VOICEMILL_OUTBOUND_ALLOW takes it."""
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

    def wait_for(self, job_id: str, *, timeout_s: float) -> Delivery | None:
        """The first genuine delivery about this job; None when it did not come in time."""

        def found() -> Delivery | None:
            about = [d for d in self.deliveries if d.is_genuine and d.event.get("data", {}).get("id") == job_id]
            return about[0] if about else None

        with self._news:
            return self._news.wait_for(found, timeout=timeout_s)

    def _take(self, body: bytes, headers: dict[str, str]) -> bool:
        try:
            Webhook(self.secret).verify(body, headers)
            is_genuine = True
        except (WebhookVerificationError, ValueError):
            is_genuine = False
        with self._news:
            self.deliveries.append(Delivery(time.monotonic(), is_genuine, json.loads(body) if is_genuine else {}))
            self._news.notify_all()
        return is_genuine
