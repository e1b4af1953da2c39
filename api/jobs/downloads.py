"""Results as bytes: links that need no key, ranges, and downloads that never end early without the client noticing.

Names and content types are the server's own, written by the worker that made the file; nothing of them comes from
the client.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from flask import Response, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import ContentRange
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from api.http.errors import Forbidden, NothingToGive
from api.wiring import Services
from jobs.errors import CorruptObject, NotFinished, NotFound
from jobs.job import Job
from jobs.secret_box import SecretBox
from jobs.states import JobState
from jobs.storage.storage import Storage

LINK_S = 900


def link_for(services: Services) -> Callable[[Job, Mapping[str, Any]], tuple[str, int]]:
    """Makes a link to a stored file: presigned by the storage, or one that this API serves itself."""

    def link(job: Job, stored: Mapping[str, Any]) -> tuple[str, int]:
        expires_s = int(time.time()) + LINK_S
        url = services.storage.url(
            stored["key"], filename=stored["name"], content_type=stored["content_type"], expires_s=LINK_S
        )
        return url or own_link(services.settings.public_url, services.secret_box, job.id, stored, expires_s), expires_s

    return link


def own_link(public_url: str, box: SecretBox, job_id: str, stored: Mapping[str, Any], expires_s: int) -> str:
    """A link to `GET /jobs/{id}/result` that is its own permission until `expires_s` (Unix seconds)."""
    signature = box.sign(stored["key"], stored["name"], expires_s)
    query = urlencode({"file": stored["name"], "expires": expires_s, "signature": signature})
    return f"{public_url.rstrip('/')}/jobs/{quote(job_id)}/result?{query}"


def check_link(box: SecretBox, stored: Mapping[str, Any], *, expires_s: int, signature: str) -> None:
    """Raises Forbidden unless this server signed the link and it has not expired."""
    if not box.verify(signature, stored["key"], stored["name"], expires_s, now_s=time.time()):
        raise Forbidden("This link has expired or was changed; ask for the job again.", code="link_invalid")


def stored_file(job: Job, name: str | None) -> Mapping[str, Any]:
    """A file of the job's result, the first where no name is given. Raises NotFinished, NothingToGive, NotFound."""
    if not job.state.is_terminal:
        raise NotFinished(f"The job is {job.state}; its result comes when it has succeeded.")
    if job.state is not JobState.SUCCEEDED or not job.result:
        raise NothingToGive(f"The job ended as {job.state}; there is no result.")
    files = job.result.get("files", ())
    for stored in files:
        if name is None or stored["name"] == name:
            return stored
    names = ", ".join(stored["name"] for stored in files)
    raise NotFound(f"The result has no such file; it has: {names}.")


def file_answer(services: Services, stored: Mapping[str, Any]) -> ResponseReturnValue:
    """A file of a result: a redirect to the storage where that serves it, else the bytes."""
    url = services.storage.url(
        stored["key"], filename=stored["name"], content_type=stored["content_type"], expires_s=LINK_S
    )
    return redirect(url, 302) if url else serve(services.storage, stored)


def serve(storage: Storage, stored: Mapping[str, Any], *, whole: bool = False) -> Response:
    """The file's bytes, or the range that the request asks for; `whole` ignores ranges.

    Content-Length is always set: a stream that fails half-way is then seen by the client as cut off.
    """
    size = int(stored["bytes"])
    asked = None if whole or not _range_applies(stored) else request.range
    if asked is not None and asked.units == "bytes" and len(asked.ranges) == 1:
        span = asked.range_for_length(size)
        if span is None:
            raise RequestedRangeNotSatisfiable(length=size)
        start, stop = span
        blocks = storage.read(stored["key"], offset=start, length=stop - start)
        answer = Response(_begun(blocks), status=206)
        answer.headers["Content-Range"] = ContentRange("bytes", start, stop, size).to_header()
        answer.headers["Content-Length"] = str(stop - start)
    else:
        answer = Response(_begun(_verified(storage, stored)))
        answer.headers["Content-Length"] = str(size)
        answer.headers["Repr-Digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(stored['sha256'])).decode()}:"
    answer.headers["Content-Type"] = stored["content_type"]
    answer.headers["Content-Disposition"] = f'attachment; filename="{stored["name"]}"'
    answer.headers["Accept-Ranges"] = "bytes"
    answer.headers["ETag"] = f'"{stored["sha256"]}"'
    answer.headers["Cache-Control"] = "private, no-transform"
    return answer


def _range_applies(stored: Mapping[str, Any]) -> bool:
    """A range with If-Range is honoured only for the very bytes that the client began with."""
    if "Range" not in request.headers:
        return False
    condition = request.headers.get("If-Range")
    return condition is None or condition.strip('"') == stored["sha256"]


def _begun(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same blocks, the first of them read already: what fails at once still becomes a proper answer."""
    if request.method == "HEAD":
        return iter(())
    first = next(blocks, b"")
    return _go_on(first, blocks)


def _go_on(first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    """A generator, so that a client which goes away closes the file too."""
    yield first
    yield from blocks


def _verified(storage: Storage, stored: Mapping[str, Any]) -> Iterator[bytes]:
    """All blocks; the last one only after the whole has proved to be what was written."""
    digest = hashlib.sha256()
    held: bytes | None = None
    for block in storage.read(stored["key"]):
        digest.update(block)
        if held is not None:
            yield held
        held = block
    if digest.hexdigest() != stored["sha256"]:
        raise CorruptObject
    if held is not None:
        yield held
