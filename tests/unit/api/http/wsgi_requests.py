"""Requests with any body, without a server."""

from __future__ import annotations

import io
from collections.abc import Callable

from flask import Request
from werkzeug.test import EnvironBuilder


def make_request(
    body: bytes,
    *,
    content_type: str = "multipart/form-data; boundary=b",
    content_length: int | None = None,
    terminated: bool = True,
    block_size: Callable[[], int] | None = None,
) -> Request:
    """`terminated`: the server marks the end of the body. `block_size`: bytes that the next read gives at most."""
    environ = EnvironBuilder(method="POST").get_environ()
    environ["wsgi.input"] = SlowBody(body, block_size) if block_size else io.BytesIO(body)
    environ["CONTENT_TYPE"] = content_type
    environ.pop("CONTENT_LENGTH", None)
    if content_length is not None:
        environ["CONTENT_LENGTH"] = str(content_length)
    if terminated:
        environ["wsgi.input_terminated"] = True
    return Request(environ)


class SlowBody(io.BytesIO):
    """Gives few bytes at a time, as a network does."""

    def __init__(self, data: bytes, block_size: Callable[[], int]) -> None:
        super().__init__(data)
        self._block_size = block_size

    def read(self, size: int | None = -1) -> bytes:
        block = self._block_size()
        return super().read(block if size is None or size < 0 else min(size, block))
