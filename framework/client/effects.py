"""What the clients do, as generators of effects that never touch the network: retries, waiting, downloads.

A client performs each effect (blocking or awaiting), sends its outcome back into the generator or throws the error
into it. So the rules stand here once, for both clients, and tests drive them without a socket.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias, TypeVar

from . import endpoints
from .download import DownloadProgress, PartialDownload
from .endpoints import ApiRequest
from .errors import (
    ERROR_BY_JOB_STATE,
    ApiError,
    BadArgument,
    Deleted,
    NotFound,
    Unreachable,
    VoicemillError,
    WaitTimeout,
)
from .events import Event, EventReader
from .job import Job, Progress, ResultFile
from .responses import parse_json, unknown_answer
from .retry_policy import RetryPolicy

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SendRequest:
    """Send a request once. Its outcome is an `HttpResponse`; throws Unreachable."""

    request: ApiRequest[Any]


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A complete response. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class StreamResponse:
    """Send a request and pass the body to `consume` in blocks until it returns True; throws Unreachable, ApiError."""

    request: ApiRequest[Any]
    consume: Callable[[bytes], bool]
    #: Seconds without a byte after which the connection counts as dead.
    idle_s: float


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait."""

    seconds: float


Effect: TypeAlias = SendRequest | StreamResponse | Sleep
#: A generator of effects; what it returns is the result.
Operation: TypeAlias = Generator[Effect, Any, T]

#: Called with the job each time that something about it changed.
JobProgress = Callable[[Job], None]

#: Seconds of silence after which an event stream is dead; the server sends a comment at least every ten.
_STREAM_IDLE_S = 45.0
#: Seconds of one long poll where there is no event stream: short, so that progress is still shown.
_POLL_S = 5.0


def send(
    request: ApiRequest[T],
    retries: RetryPolicy,
    *,
    deadline: float = math.inf,
    clock: Callable[[], float] = time.monotonic,
) -> Operation[T]:
    """Send one request, with retries.

    Raises Unreachable or ApiError once no retry is left, would help, or could begin before `deadline` (in seconds of
    `clock`).
    """
    retries_done = 0
    while True:
        try:
            response: HttpResponse = yield SendRequest(request)
            body = parse_json(response.status, response.headers, response.body, accepted=request.accepted_statuses)
            return _parse_body(request, response.status, body)
        except VoicemillError as error:
            delay = retries.delay_s(error, retries_done, idempotent=request.idempotent)
            if delay is None or clock() + delay > deadline:
                raise
        retries_done += 1
        yield Sleep(delay)


def _parse_body(request: ApiRequest[T], status: int, body: Any) -> T:
    """What the caller gets. Raises ServerError for JSON of another form, as other kinds of servers send."""
    try:
        return request.parse(body)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise unknown_answer("has another form than expected", status) from error


def wait_for_job(
    job_id: str,
    retries: RetryPolicy,
    *,
    timeout_s: float | None = None,
    on_progress: JobProgress | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Operation[Job]:
    """Wait until a job has finished: by its event stream, or by polling where there is none.

    Raises WaitTimeout with the job as last seen after `timeout_s` (None = never).
    """
    deadline = math.inf if timeout_s is None else clock() + timeout_s
    waiting_retries = retries.for_waiting()
    notify = on_progress or (lambda _: None)
    has_stream = True
    job = yield from send(endpoints.get_job(job_id), retries)
    notify(job)
    while not job.is_finished:
        remaining = deadline - clock()
        if remaining <= 0:
            raise WaitTimeout(job, timeout_s or 0.0)
        round_began = clock()
        if has_stream:
            watcher = _JobWatcher(job, notify, deadline, clock)
            has_stream = yield from _watch_events(job, watcher.consume, min(_STREAM_IDLE_S, remaining))
            job = yield from send(endpoints.get_job(job_id), waiting_retries, deadline=deadline, clock=clock)
        else:
            request = endpoints.get_job(job_id, wait_s=min(_POLL_S, remaining))
            job = yield from send(request, waiting_retries, deadline=deadline, clock=clock)
        notify(job)
        # A server with too many waiting clients answers at once: then we pause here.
        pause = 2 * retries.first_delay_s - (clock() - round_began)
        if pause > 0 and not job.is_finished:
            yield Sleep(pause)
    return job


def _watch_events(job: Job, consume: Callable[[bytes], bool], idle_s: float) -> Operation[bool]:
    """One event stream until it ends or breaks; False where the server has none. Raises NotFound, Deleted."""
    try:
        yield StreamResponse(endpoints.get_job_events(job.id), consume, idle_s)
    except Unreachable:
        # The server went away or the stream was cut. The next request for the job waits until it is back.
        pass
    except (NotFound, Deleted):
        raise
    except ApiError as error:
        # Temporarily refused; or a proxy in between that allows no streams at all.
        return error.retryable
    return True


class _JobWatcher:
    """Applies the events of a stream to a job and reports each change."""

    def __init__(self, job: Job, notify: JobProgress, deadline: float, clock: Callable[[], float]) -> None:
        self._job = job
        self._notify = notify
        self._deadline = deadline
        self._clock = clock
        self._reader = EventReader()

    def consume(self, block: bytes) -> bool:
        """True when there is nothing more to wait for. Comments count too: they keep no wait open past its deadline."""
        for event in self._reader.feed(block):
            job = apply_event(self._job, event)
            if job != self._job and not job.is_finished:
                self._notify(job)
            self._job = job
        return self._job.is_finished or self._clock() >= self._deadline


def apply_event(job: Job, event: Event) -> Job:
    """The job as it is after this event."""
    data = event.data
    if data.get("state") == "deleted":
        return job  # the next request for it raises Deleted
    if data.get("object") == "job":
        return Job.parse(data)
    progress = data if event.name == "progress" else data.get("progress")
    if isinstance(progress, Mapping) and "stage" in progress:
        job = replace(job, progress=Progress.parse(progress))
    if isinstance(data.get("state"), str):
        job = replace(job, state=data["state"])
    return job


def require_success(job: Job) -> Job:
    """The job itself, if it succeeded. Raises the JobUnsuccessful of its state."""
    if job.state in ERROR_BY_JOB_STATE:
        raise ERROR_BY_JOB_STATE[job.state](job)
    return job


def preview_voice(model: str, voice: str, retries: RetryPolicy) -> Operation[Job]:
    """The finished job of a voice's preview; the server creates it if it does not exist. Raises JobUnsuccessful."""
    job = yield from send(endpoints.preview_voice(model, voice), retries)
    return require_success((yield from wait_for_job(job.id, retries)))


def download_file(
    job: Job,
    name: str,
    destination: Path,
    retries: RetryPolicy,
    on_progress: DownloadProgress | None = None,
    *,
    overwrite: bool = True,
) -> Operation[Path]:
    """Save one result file and verify it; a broken transfer is repeated.

    Raises BadArgument for an unknown file, and without `overwrite` where the destination exists.
    """
    file = find_result_file(job, name)
    if destination.is_dir():
        # The name is the server's: no part of it may lead out of the directory.
        destination /= Path(file.name).name
    retries_done = 0
    while True:
        try:
            with PartialDownload(file, destination, on_progress, overwrite=overwrite) as download:
                yield StreamResponse(endpoints.get_job_file(job.id, file.name), download.write, idle_s=60.0)
                return download.finish()
        except VoicemillError as error:
            delay = retries.delay_s(error, retries_done, idempotent=True)
            if delay is None:
                raise
        retries_done += 1
        yield Sleep(delay)


def read_file(job: Job, name: str, retries: RetryPolicy) -> Operation[bytes]:
    """One result file in memory, verified."""
    with TemporaryDirectory() as directory:
        path = yield from download_file(job, name, Path(directory) / "file", retries)
        return path.read_bytes()


def find_result_file(job: Job, name: str) -> ResultFile:
    """The result file of that name, or with that suffix. Raises BadArgument, which lists the files that exist."""
    if job.result is None:
        raise BadArgument(f"{job.id} is {job.state}: it has no files.")
    for file in job.result.files:
        if file.name == name or file.name.endswith(f".{name}"):
            return file
    raise BadArgument(f"{job.id} has no file {name!r}; it has {', '.join(file.name for file in job.result.files)}.")
