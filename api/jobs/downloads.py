"""Downloads of result files: signed links that need no key, ranges, and truncation that every client notices.

Names and content types come from the worker that wrote the file, never from the client.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.parse import quote, urlencode

from flask import Response, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import ContentRange
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from api.http.auth import sent_key
from api.http.errors import Forbidden
from api.http.paced_body import take_transfer_place
from api.services import Services
from jobs.errors import CorruptObject
from jobs.job import Job
from jobs.secret_box import SecretBox
from jobs.storage.object_keys import tenant_of
from jobs.storage.storage import Storage
from jobs.stored_object import StoredFile

LINK_S = 900


def file_linker(services: Services) -> Callable[[Job, StoredFile], tuple[str, int]]:
    """Makes links to stored files: presigned by the storage, or signed by this server."""

    def link(job: Job, stored: StoredFile) -> tuple[str, int]:
        expires_s = int(time.time()) + LINK_S
        url = services.storage.url(
            stored.object.key, filename=stored.name, content_type=stored.content_type, expires_s=LINK_S
        )
        if url is None:
            url = signed_link(services.settings.public_url, services.secret_box, job.id, stored, expires_s)
        return url, expires_s

    return link


def signed_link(public_url: str, box: SecretBox, job_id: str, stored: StoredFile, expires_s: int) -> str:
    """A link to `GET /jobs/{id}/result` that needs no key until `expires_s` (Unix seconds)."""
    signature = box.sign(stored.object.key, stored.name, expires_s)
    query = urlencode({"file": stored.name, "expires": expires_s, "signature": signature})
    return f"{public_url.rstrip('/')}/jobs/{quote(job_id)}/result?{query}"


def check_link(box: SecretBox, stored: StoredFile, *, expires_s: int, signature: str) -> None:
    """Raises Forbidden unless this server signed the link and it has not expired."""
    if not box.verify(signature, stored.object.key, stored.name, expires_s, now_s=time.time()):
        raise Forbidden("This link has expired or was changed; ask for the job again.", code="link_invalid")


def file_response(services: Services, stored: StoredFile) -> ResponseReturnValue:
    """A result file: a redirect to the storage where that serves it, else the bytes."""
    url = services.storage.url(
        stored.object.key, filename=stored.name, content_type=stored.content_type, expires_s=LINK_S
    )
    return redirect(url, 302) if url else serve(services, stored)


def serve(services: Services, stored: StoredFile, *, whole: bool = False) -> Response:
    """The bytes of the file, or the requested range; `whole` ignores ranges.

    Content-Length is always set, so that a client notices a stream that fails half-way. Raises CorruptObject,
    StorageUnavailable, TooManyTransfers.
    """
    if request.method == "HEAD":
        return _describe(services, stored, whole=whole)
    key = sent_key()
    # A client that does not read holds a thread. A link that needs no key is its owner's.
    place = take_transfer_place(services.transfers, tenant_of(stored.object.key), key.id if key else None)
    with ExitStack() as held:
        held.callback(place.leave)
        response = _describe(services, stored, whole=whole)
        response.call_on_close(held.pop_all().close)
    return response


def _describe(services: Services, stored: StoredFile, *, whole: bool) -> Response:
    size = stored.object.bytes
    requested = None if whole or not _range_applies(stored) else request.range
    if requested is not None and requested.units == "bytes" and len(requested.ranges) == 1:
        span = requested.range_for_length(size)
        if span is None:
            raise RequestedRangeNotSatisfiable(length=size)
        start, stop = span
        response = Response(_prefetch_first(services.ranges.read(stored.object, start, stop)), status=206)
        response.headers["Content-Range"] = ContentRange("bytes", start, stop, size).to_header()
        response.headers["Content-Length"] = str(stop - start)
    else:
        response = Response(_prefetch_first(_verified(services.storage, stored)))
        response.headers["Content-Length"] = str(size)
        response.headers["Repr-Digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(stored.object.sha256)).decode()}:"
    response.headers["Content-Type"] = stored.content_type
    response.headers["Content-Disposition"] = f'attachment; filename="{stored.name}"'
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["ETag"] = f'"{stored.object.sha256}"'
    response.headers["Cache-Control"] = "private, no-transform"
    return response


def _range_applies(stored: StoredFile) -> bool:
    """Whether the Range header counts. With If-Range it does only for the version of the file that the client has."""
    if "Range" not in request.headers:
        return False
    condition = request.headers.get("If-Range")
    return condition is None or condition.strip('"') == stored.object.sha256


def _prefetch_first(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same blocks, the first one read already: an error in it can still become a problem document."""
    if request.method == "HEAD":
        return iter(())
    first = next(blocks, b"")
    return _chain(first, blocks)


def _chain(first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    """A generator: closing it, when the client disconnects, closes the file too."""
    yield first
    yield from blocks


def _verified(storage: Storage, stored: StoredFile) -> Iterator[bytes]:
    """All blocks; the last one only after the SHA-256 of the whole matched. Raises CorruptObject."""
    digest = hashlib.sha256()
    held: bytes | None = None
    for block in storage.read(stored.object.key):
        digest.update(block)
        if held is not None:
            yield held
        held = block
    if digest.hexdigest() != stored.object.sha256:
        raise CorruptObject
    if held is not None:
        yield held
