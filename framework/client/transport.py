"""API requests as arguments of httpx, and its exceptions as ours: no other module of the SDK handles either."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any

import httpx

from .endpoints import ApiRequest
from .errors import NotConfigured, Unreachable
from .settings import Server

#: Seconds that the server may take to store an upload after its last byte.
_AFTER_UPLOAD_S = 300.0
_CONNECT_TIMEOUT_S = 5.0
_CURE = "See whether a Voicemill server runs there, or correct VOICEMILL_URL."
#: Longest part of a host name between two dots, in characters.
_MAX_HOST_LABEL = 63


def client_arguments(server: Server) -> dict[str, Any]:
    """Arguments of `httpx.Client` and `httpx.AsyncClient`. Raises NotConfigured for an invalid address or key."""
    try:
        url = httpx.URL(server.base_url)
    except httpx.InvalidURL as error:
        raise NotConfigured(f"The server's address cannot be used ({error}); correct VOICEMILL_URL.") from error
    if not url.host or any(len(label) > _MAX_HOST_LABEL for label in url.host.split(".")):
        raise NotConfigured(f"The server's address {server.base_url!r} names no host; correct VOICEMILL_URL.")
    headers = {"User-Agent": "voicemill-python", "Accept": "application/json"}
    key = (server.api_key or "").strip()
    if not (key.isascii() and key.isprintable()):
        raise NotConfigured("The server's key cannot be used: it holds characters that no key has.")
    if key:
        headers["Authorization"] = f"Bearer {key}"
    return {
        "base_url": url,
        "headers": headers,
        # Proxies of the environment must not get between us and a server on this machine.
        "trust_env": not _is_loopback(url.host),
    }


@contextmanager
def request_arguments(request: ApiRequest[Any], timeout_s: float) -> Iterator[dict[str, Any]]:
    """Arguments of `httpx.Client.request` and `.stream`; the file of an upload stays open inside the block."""
    read_s = timeout_s + request.extra_timeout_s + (_AFTER_UPLOAD_S if request.upload else 0.0)
    arguments: dict[str, Any] = {
        "method": request.method,
        "url": request.path,
        "params": dict(request.params),
        "headers": dict(request.headers),
        "timeout": httpx.Timeout(timeout_s, connect=min(_CONNECT_TIMEOUT_S, timeout_s), read=read_s),
    }
    if request.json is not None:
        arguments["json"] = request.json
    if request.upload is None:
        yield arguments
        return
    with request.upload.open() as file:
        arguments["data"] = dict(request.form or {})
        arguments["files"] = {"file": (request.upload.name, file, request.upload.content_type)}
        yield arguments


@contextmanager
def translate_errors(base_url: str) -> Iterator[None]:
    """Raises Unreachable for every failure of the connection."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise Unreachable(
            f"Nothing answers at {base_url} ({_reason(error)}). Start the server with `voicemill up`, "
            "or correct VOICEMILL_URL.",
            maybe_sent=False,
        ) from error
    except httpx.TimeoutException as error:
        raise Unreachable(f"{base_url} did not answer in time ({_reason(error)}). {_CURE}") from error
    except (httpx.TransportError, httpx.StreamError, httpx.TooManyRedirects, httpx.DecodingError) as error:
        raise Unreachable(f"The connection to {base_url} broke ({_reason(error)}). {_CURE}") from error


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
