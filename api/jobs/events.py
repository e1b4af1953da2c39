"""A job as server-sent events: `state`, `progress`, `segment`. The stream never ends inside an event.

`segment` events have the segments of a transcript in the order of the recording, as soon as they are finished. A client
that lost its connection continues after the last id that it received (`Last-Event-ID`); `state` and `progress` are sent
again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from api.http.places import NoPlace
from api.http.problems import error_document
from api.services import Services
from jobs.chunk import Chunk
from jobs.errors import CorruptObject, JobsError, NotFound
from jobs.job import Job
from pipelines.catalog.job_kinds import PIPELINES

from .availability import find_availability
from .downloads import file_linker
from .views import job_summary, progress
from .watcher import JobWatch, TooManyWaiters

#: Seconds without an event after which a comment is sent: proxies keep the connection, and lost clients are noticed.
KEEP_ALIVE_S = 10.0
#: Chunks have numbers of fewer digits; the database has no integers of more than 18.
_MAX_ID_DIGITS = 9
MAX_PART_BYTES = 16 << 20
#: Chunks read at a time.
PAGE = 100
#: Tells the client when to ask again, in milliseconds.
_RECONNECT = "retry: 2000\n\n"


def event_stream(services: Services, job: Job, *, last_id: str | None, key_id: str | None = None) -> Iterator[str]:
    """The text of the stream, until the job ends. With too many waiters: the current state, and when to reconnect."""
    try:
        yield from _stream(services, job, _JobEvents(services, job, last_id), key_id)
    except JobsError as error:
        yield _format_event("error", error_document(error))


def _stream(services: Services, job: Job, events: _JobEvents, key_id: str | None) -> Iterator[str]:
    if job.state.is_terminal:
        yield from _current_state(services, job, events, key_id)
        return
    try:
        with services.watcher.watch(job, key_id=key_id) as watch:
            yield from events.until_end(watch)
    except TooManyWaiters:
        yield from _current_state(services, job, events, key_id)
        yield _RECONNECT


def _current_state(services: Services, job: Job, events: _JobEvents, key_id: str | None) -> Iterator[str]:
    """Everything up to now. A client that does not read it holds a thread: where too many do, it has to reconnect."""
    try:
        place = services.transfers.take(job.tenant_id, key_id)
    except NoPlace:
        yield _RECONNECT
        return
    try:
        yield from events.changes(job)
    finally:
        place.leave()


class _JobEvents:
    """The events of one job for one client. Remembers what was sent."""

    def __init__(self, services: Services, job: Job, last_id: str | None) -> None:
        self._services = services
        self._job_id = job.id
        self._streams_segments = PIPELINES[job.kind].streams_segments
        #: The states of the watcher lack them.
        self._params = job.params
        self._sent_chunk = _chunk_number(last_id)
        self._sent_chunks_done = -1
        self._sent_state: object = None
        self._sent_progress: object = None

    def until_end(self, watch: JobWatch) -> Iterator[str]:
        """Events until the job ends or is deleted, or the server shuts down."""
        job: Job | None = watch.next(0)
        while job is not None:
            has_changed = False
            for event in self.changes(job):
                has_changed = True
                yield event
            if job.state.is_terminal:
                return
            if not has_changed:
                yield ": waiting\n\n"
            job = watch.next(KEEP_ALIVE_S)
            if watch.is_closed:
                yield "retry: 1000\n\n"
                return
        yield _format_event("state", {"id": self._job_id, "object": "job", "state": "deleted"})

    def changes(self, job: Job) -> Iterator[str]:
        """Everything that is new in this state of the job."""
        if self._streams_segments and job.chunks_done != self._sent_chunks_done:
            try:
                yield from self._segments()
            except NotFound:
                # Their parts were deleted after the success: the transcript has them all.
                if job.parts_dropped_at is None:
                    raise
            self._sent_chunks_done = job.chunks_done
        available = find_availability(self._services, replace(job, params=self._params))
        current = progress(job, available=available)
        if current != self._sent_progress:
            self._sent_progress = current
            yield _format_event("progress", current.model_dump(mode="json"))
        if job.state != self._sent_state:
            self._sent_state = job.state
            body = job_summary(job, link=file_linker(self._services), available=available)
            yield _format_event("state", body.model_dump(mode="json", by_alias=True))

    def _segments(self) -> Iterator[str]:
        """Segments of the finished chunks that follow the last one sent without a gap."""
        jobs = self._services.store.jobs
        while chunks := jobs.finished_chunks(self._job_id, after_idx=self._sent_chunk, limit=PAGE):
            for chunk in chunks:
                if chunk.idx > self._sent_chunk + 1:
                    return
                if chunk.round == 1 and chunk.idx == self._sent_chunk + 1:
                    yield from self._chunk_segments(chunk)
                    self._sent_chunk = chunk.idx
            if len(chunks) < PAGE:
                return

    def _chunk_segments(self, chunk: Chunk) -> Iterator[str]:
        part = self._read_part(chunk)
        segments = part.get("segments") or []
        for number, segment in enumerate(segments, start=1):
            # Only the last segment has the id: a client that reconnects may get the others of its chunk twice.
            yield _format_event("segment", segment, id=str(chunk.idx) if number == len(segments) else None)

    def _read_part(self, chunk: Chunk) -> dict[str, Any]:
        if chunk.part is None or chunk.part.bytes > MAX_PART_BYTES:
            return {}
        try:
            part: dict[str, Any] = json.loads(b"".join(self._services.storage.read(chunk.part.key)))
        except ValueError as error:
            raise CorruptObject from error
        return part


def _chunk_number(last_id: str | None) -> int:
    """The number in a Last-Event-ID; -1, from the start, for none and for what this server never sent."""
    if last_id is None or len(last_id) > _MAX_ID_DIGITS or not (last_id.isascii() and last_id.isdigit()):
        return -1
    return int(last_id)


def _format_event(name: str, data: Any, *, id: str | None = None) -> str:
    """One event, in ASCII: some clients take U+2028 or U+0085 in a text for the end of a line."""
    head = f"id: {id}\n" if id is not None else ""
    return f"{head}event: {name}\ndata: {json.dumps(data)}\n\n"
