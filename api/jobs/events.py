"""A job's news as server-sent events: `state`, `progress`, `segment`. Never ends in the middle of an event.

`segment` events carry the pieces of a transcript in the order of the recording as soon as they are done. Their ids let
a client that lost its connection go on behind the last one (`Last-Event-ID`); state and progress are told anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from api.http.problems import document_of
from api.wiring import Services
from jobs.errors import CorruptObject, JobsError
from jobs.job import Chunk, Job

from .downloads import link_for
from .responses import has_worker
from .views import job_summary, progress
from .waiting import TooManyWaiters, Watch

#: Silence after which a comment keeps proxies and the server from hanging up; it also finds clients that are gone.
KEEP_ALIVE_S = 10.0
MAX_PART_BYTES = 16 << 20
#: Chunks read at a time.
PAGE = 100


def event_stream(services: Services, job: Job, *, last_id: str | None) -> Iterator[str]:
    """Text of the stream, until the job has ended. Where too many clients wait: its state now and when to come back."""
    try:
        yield from _told(services, job, _News(services, job, last_id))
    except JobsError as error:
        yield _event("error", document_of(error))


def _told(services: Services, job: Job, news: _News) -> Iterator[str]:
    if job.state.is_terminal:
        yield from news.tell(job)
        return
    try:
        with services.watcher.watch(job) as watch:
            yield from news.until_end(watch)
    except TooManyWaiters:
        yield from news.tell(job)
        yield "retry: 2000\n\n"


class _News:
    """What this client has been told."""

    def __init__(self, services: Services, job: Job, last_id: str | None) -> None:
        self._services = services
        self._job_id, self._kind = job.id, job.kind
        #: Readings of the watcher leave them out.
        self._params = job.params
        self._told_chunk = int(last_id) if last_id and last_id.isascii() and last_id.isdigit() else -1
        self._told_chunks_done = -1
        self._state: object = None
        self._progress: object = None

    def until_end(self, watch: Watch) -> Iterator[str]:
        job: Job | None = watch.next(0)
        while job is not None:
            said = False
            for text in self.tell(job):
                said = True
                yield text
            if job.state.is_terminal:
                return
            if not said:
                yield ": waiting\n\n"
            job = watch.next(KEEP_ALIVE_S)
            if watch.is_closed:
                yield "retry: 1000\n\n"
                return
        yield _event("state", {"id": self._job_id, "object": "job", "state": "deleted"})

    def tell(self, job: Job) -> Iterator[str]:
        """All that is new in this reading of the job."""
        if self._kind.startswith("stt.") and job.chunks_done != self._told_chunks_done:
            yield from self._segments()
            self._told_chunks_done = job.chunks_done
        done = progress(job, has_worker=has_worker(self._services, replace(job, params=self._params)))
        if done != self._progress:
            self._progress = done
            yield _event("progress", done.model_dump(mode="json"))
        if job.state != self._state:
            self._state = job.state
            body = job_summary(job, link=link_for(self._services))
            yield _event("state", body.model_dump(mode="json", by_alias=True))

    def _segments(self) -> Iterator[str]:
        """Segments of the chunks that follow the last one told without a gap."""
        while chunks := self._services.store.chunks(self._job_id, after_idx=self._told_chunk, limit=PAGE):
            for chunk in chunks:
                if chunk.idx > self._told_chunk + 1:
                    return
                if chunk.round == 1 and chunk.idx == self._told_chunk + 1:
                    yield from self._chunk_segments(chunk)
                    self._told_chunk = chunk.idx
            if len(chunks) < PAGE:
                return

    def _chunk_segments(self, chunk: Chunk) -> Iterator[str]:
        part = self._read_part(chunk)
        segments = part.get("segments") or []
        for number, segment in enumerate(segments, start=1):
            # The id moves on with the chunk's last segment only: what comes after a lost connection may be told twice.
            yield _event("segment", segment, id=str(chunk.idx) if number == len(segments) else None)

    def _read_part(self, chunk: Chunk) -> dict[str, Any]:
        if chunk.result_key is None or (chunk.result_bytes or 0) > MAX_PART_BYTES:
            return {}
        try:
            return json.loads(b"".join(self._services.storage.read(chunk.result_key)))
        except ValueError as error:
            raise CorruptObject from error


def _event(name: str, data: Any, *, id: str | None = None) -> str:
    """One event. ASCII only: some clients take U+2028 or U+0085 in a text for the end of the line."""
    head = f"id: {id}\n" if id is not None else ""
    return f"{head}event: {name}\ndata: {json.dumps(data)}\n\n"
