"""Request bodies within a size limit, and bodies of JSON. multipart.py has forms.

The server passes a truncated body on as if it had ended: its end counts only where the length agrees.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from flask import Request
from pydantic_core import from_json

from .errors import IncompleteBody, Malformed, TooLarge, UnsupportedMediaType

BLOCK_BYTES = 256 << 10
#: Bytes that are still read of a body that is too large: a client that is cut off earlier never sees the response.
DRAIN_BYTES = 8 << 20
#: Characters of a client's word that a message repeats.
_MAX_NAME = 40


def read_json(request: Request, *, limit: int, other_types: Sequence[str] = ()) -> dict[str, Any]:
    """A body of one JSON object, of at most `limit` bytes. `other_types`: what else the route reads, for the message.

    Raises UnsupportedMediaType, TooLarge, IncompleteBody, Malformed.
    """
    if request.mimetype != "application/json":
        types = ("application/json", *other_types)
        raise UnsupportedMediaType(f"Send {' or '.join(types)}.", headers={"Accept": ", ".join(types)})
    body = b"".join(read_blocks(request, limit=limit))
    try:
        # Not the standard library's parser: it accepts NaN and lone surrogates, which no database stores.
        value = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Malformed("The body is not JSON in UTF-8.") from error
    if not isinstance(value, dict):
        raise Malformed("The body is not a JSON object.")
    return value


def read_blocks(request: Request, *, limit: int) -> Iterator[bytes]:
    """The body in blocks.

    Raises UnsupportedMediaType for a compressed body, TooLarge (before a byte is read, where Content-Length says so),
    IncompleteBody.
    """
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ("", "identity"):
        raise UnsupportedMediaType(
            f"Send the body without Content-Encoding: this server does not decode {encoding[:_MAX_NAME]!r}.",
            headers={"Accept-Encoding": "identity"},
        )
    expected = request.content_length
    stream: BinaryIO = request.environ["wsgi.input"]
    if expected is not None and expected > limit:
        if "Expect" not in request.headers:  # with it the client waits for 100 Continue and sends nothing
            _drain(stream, min(expected, DRAIN_BYTES))
        raise _too_large(limit)
    terminated = request.environ.get("wsgi.input_terminated", False)
    received = 0
    while expected is None or received < expected:
        if expected is None and not terminated:
            return
        block = stream.read(BLOCK_BYTES if expected is None else min(BLOCK_BYTES, expected - received))
        if not block:
            break
        received += len(block)
        if received > limit:
            _drain(stream, DRAIN_BYTES)
            raise _too_large(limit)
        yield block
    if expected is not None and received < expected:
        raise IncompleteBody(f"The body ended after {received} of {expected} bytes; send it again.")


def _drain(stream: BinaryIO, max_bytes: int) -> None:
    while max_bytes > 0:
        block = stream.read(min(BLOCK_BYTES, max_bytes))
        if not block:
            return
        max_bytes -= len(block)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The body has more than the {limit} bytes that this route takes.")
