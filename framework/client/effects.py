"""What the clients do, as generators that yield steps and never touch the network: retries, waiting, downloads.

A client carries each step out (blocking or awaiting), sends its answer back in or throws its exception in.
So the rules stand here once, for both clients.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from . import endpoints
from .download import DownloadProgress, Incoming
from .endpoints import Call
from .errors import OF_STATE, ApiError, BadArgument, Deleted, NotFound, Unreachable, VoicemillError, WaitTimeout
from .events import Event, EventReader
from .job import Job, Progress, ResultFile
from .responses import read_json
from .retry_policy import Retries

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Attempt:
    """Send a request once; answers an `Answer`, throws Unreachable."""

    call: Call[Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Stream:
    """Send a request and hand the body over piece by piece until `take` says enough; throws Unreachable, ApiError."""

    call: Call[Any]
    take: Callable[[bytes], bool]
    #: Seconds without a byte after which the connection counts as dead.
    idle_s: float


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait."""

    seconds: float


Steps = Generator[Attempt | Stream | Pause, Any, T]

#: Called with the job each time that something about it changed.
JobProgress = Callable[[Job], None]

#: Seconds of silence after which an event stream is dead; the server sends a comment at least every ten.
_IDLE_S = 45.0
#: Seconds of one long poll where there is no event stream: short, so that progress still moves.
_POLL_S = 5.0


def send(
    call: Call[T],
    retries: Retries,
    *,
    until: float = math.inf,
    clock: Callable[[], float] = time.monotonic,
) -> Steps[T]:
    """One call with its retries. Raises Unreachable or ApiError when they are used up, too late or of no use."""
    done = 0
    while True:
        try:
            answer: Answer = yield Attempt(call)
            return call.parse(read_json(answer.status, answer.headers, answer.body, accepted=call.accepted))
        except VoicemillError as failure:
            delay = retries.delay_s(failure, done, repeatable=call.repeatable)
            if delay is None or clock() + delay > until:
                raise
        done += 1
        yield Pause(delay)


def follow(
    job_id: str,
    retries: Retries,
    *,
    timeout_s: float | None = None,
    on_progress: JobProgress | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Steps[Job]:
    """Wait for the end: by the event stream, by polling where there is none. Raises WaitTimeout with the job."""
    until = math.inf if timeout_s is None else clock() + timeout_s
    patient = retries.for_waiting()
    tell = on_progress or (lambda _: None)
    has_stream = True
    job = yield from send(endpoints.get_job(job_id), retries)
    tell(job)
    while not job.is_finished:
        remaining = until - clock()
        if remaining <= 0:
            raise WaitTimeout(job, timeout_s or 0.0)
        asked = clock()
        if has_stream:
            listener = _Listener(job, tell, until, clock)
            has_stream = yield from _listen(job, listener.take, min(_IDLE_S, remaining))
            job = yield from send(endpoints.get_job(job_id), patient, until=until, clock=clock)
        else:
            call = endpoints.get_job(job_id, wait_s=min(_POLL_S, remaining))
            job = yield from send(call, patient, until=until, clock=clock)
        tell(job)
        # A server with too many waiting clients answers at once: then the pause is ours.
        pause = 2 * retries.first_delay_s - (clock() - asked)
        if pause > 0 and not job.is_finished:
            yield Pause(pause)
    return job


def _listen(job: Job, take: Callable[[bytes], bool], idle_s: float) -> Steps[bool]:
    """One event stream until it ends or breaks off; False where there is none. Raises NotFound, Deleted."""
    try:
        yield Stream(endpoints.job_events(job.id), take, idle_s)
    except Unreachable:
        # The server went away or the stream was cut. Whoever asks for the job next waits for it to come back.
        pass
    except (NotFound, Deleted):
        raise
    except ApiError as error:
        # Not now; or something in between that allows no streams at all.
        return error.retryable
    return True


class _Listener:
    """Turns pieces of an event stream into news of one job."""

    def __init__(self, job: Job, tell: JobProgress, until: float, clock: Callable[[], float]) -> None:
        self._job = job
        self._tell = tell
        self._until = until
        self._clock = clock
        self._reader = EventReader()

    def take(self, piece: bytes) -> bool:
        """True when there is nothing more to wait for."""
        for event in self._reader.feed(piece):
            job = apply_event(self._job, event)
            if job != self._job and not job.is_finished:
                self._tell(job)
            self._job = job
        return self._job.is_finished or self._clock() >= self._until


def apply_event(job: Job, event: Event) -> Job:
    """The job as it is after this event."""
    data = event.data
    if data.get("state") == "deleted":
        return job  # the next question for it is answered with Deleted
    if data.get("object") == "job":
        return Job.parse(data)
    progress = data if event.name == "progress" else data.get("progress")
    if isinstance(progress, Mapping) and "stage" in progress:
        job = replace(job, progress=Progress.parse(progress))
    if isinstance(data.get("state"), str):
        job = replace(job, state=data["state"])
    return job


def successful(job: Job) -> Job:
    """The job itself, if it succeeded. Raises the JobUnsuccessful that its state stands for."""
    if job.state in OF_STATE:
        raise OF_STATE[job.state](job)
    return job


def preview(model: str, voice: str, retries: Retries) -> Steps[Job]:
    """The finished job of a voice's sample, made where there is none. Raises JobUnsuccessful."""
    job = yield from send(endpoints.preview(model, voice), retries)
    return successful((yield from follow(job.id, retries)))


def download(
    job: Job, name: str, destination: Path, retries: Retries, on_progress: DownloadProgress | None = None
) -> Steps[Path]:
    """Fetch one result file and check it; a broken transfer begins again. Raises BadArgument for an unknown file."""
    file = result_file(job, name)
    if destination.is_dir():
        # The name is the server's: no part of it may lead out of the directory.
        destination /= Path(file.name).name
    done = 0
    while True:
        try:
            with Incoming(file, destination, on_progress) as incoming:
                yield Stream(endpoints.job_file(job.id, file.name), incoming.take, idle_s=60.0)
                return incoming.finish()
        except VoicemillError as failure:
            delay = retries.delay_s(failure, done, repeatable=True)
            if delay is None:
                raise
        done += 1
        yield Pause(delay)


def read(job: Job, name: str, retries: Retries) -> Steps[bytes]:
    """One result file into memory, checked."""
    with TemporaryDirectory() as directory:
        path = yield from download(job, name, Path(directory) / "file", retries)
        return path.read_bytes()


def result_file(job: Job, name: str) -> ResultFile:
    """The file of that name, or with that ending. Raises BadArgument naming what there is."""
    if job.result is None:
        raise BadArgument(f"{job.id} is {job.state}: it has no files.")
    for file in job.result.files:
        if file.name == name or file.name.endswith(f".{name}"):
            return file
    raise BadArgument(f"{job.id} has no file {name!r}; it has {', '.join(file.name for file in job.result.files)}.")
