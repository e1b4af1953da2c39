"""Ports of this machine: which are free, and who answers on one."""

from __future__ import annotations

import http.client
import socket
import urllib.error
import urllib.request

from jobs.errors import Misconfigured

#: Seconds for one request to a service that starts.
_REQUEST_S = 5.0


def free_port() -> int:
    """A port on which nobody listens now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def require_free(port: int) -> None:
    """Raises Misconfigured where somebody listens on the port already."""
    try:
        with socket.create_server(("127.0.0.1", port)):
            pass
    except OSError as error:
        raise Misconfigured(f"port {port} is taken; choose another with --port", field="--port") from error


def listens(port: int) -> bool:
    """Whether somebody accepts connections on the port."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def read_status(port: int, path: str) -> int | None:
    """The HTTP status of an answer; None without one."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=_REQUEST_S) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, http.client.HTTPException):
        return None
