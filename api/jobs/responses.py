"""Jobs as HTTP answers: alone, in a list, after a wait, or as the audio that they made."""

from __future__ import annotations

import re
from collections.abc import Sequence

from flask import Response, request
from pydantic import BaseModel

from api.http.errors import JobFailed
from api.http.schemas import JobList
from api.wiring import Services
from jobs.errors import Deleted
from jobs.job import Job
from jobs.states import JobState
from pipelines.catalog.catalog import Catalog
from pipelines.errors import UnsupportedOption

from .downloads import link_for, serve, stored_file
from .views import job_body, job_summary
from .waiting import TooManyWaiters

MAX_WAIT_S = 60.0
#: Options that send chunks of a job to further models.
_OF_OTHER_MODELS = ("retry_models", "diarize", "verify")
_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,6}(?:\.\d{1,6})?)")


def json_answer(body: BaseModel, status: int = 200) -> Response:
    """A model as JSON. Answers are the caller's own: no cache keeps them."""
    answer = Response(body.model_dump_json(by_alias=True), status=status, content_type="application/json")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def job_answer(services: Services, job: Job, status: int = 200) -> Response:
    """One job with its request."""
    return json_answer(job_body(job, link=link_for(services), has_worker=has_worker(services, job)), status)


def job_list_answer(services: Services, jobs: Sequence[Job], next: str | None) -> Response:
    """A page of jobs without their requests."""
    link = link_for(services)
    data = [job_summary(job, link=link, has_worker=has_worker(services, job)) for job in jobs]
    return json_answer(JobList(data=data, has_more=next is not None, next=next))


def has_worker(services: Services, job: Job) -> bool:
    """Whether a live worker serves what the job needs next; asked only where the answer can show."""
    if job.state is not JobState.RUNNING:
        return True
    queues = _queues(services, job)
    return not queues or any(services.workers.serving(queue) for queue in queues)


def _queues(services: Services, job: Job) -> Sequence[str]:
    """Where the job's open chunks wait. The record is asked only for jobs that may need more than their own model."""
    if any((job.params or {}).get(name) for name in _OF_OTHER_MODELS):
        return services.store.open_queues(job.id)
    queue = queue_of(services.catalog, job)
    return [queue] if queue is not None else []


def queue_of(catalog: Catalog, job: Job) -> str | None:
    """The queue of the job's model; None where this version does not know the model any more."""
    try:
        return catalog.get(job.model, job.kind.split(".")[0]).queue
    except UnsupportedOption:
        return None


def wait_for_end(services: Services, job: Job, wait_s: float) -> Job | None:
    """The job at its end, or as it is when the time is over; None where this process holds too many waiters.

    The watcher's readings leave parameters out, so the end is read once more in full. Raises Deleted, NotFound.
    """
    if job.state.is_terminal or wait_s <= 0:
        return job
    try:
        with services.watcher.watch(job) as watch:
            last = watch.until_terminal(min(wait_s, MAX_WAIT_S))
    except TooManyWaiters:
        return None
    if last is None:
        raise Deleted
    return services.store.job(job.tenant_id, job.id)


def preferred_wait_s() -> float | None:
    """Seconds of `Prefer: wait=N`, 60 at most; None where the caller does not prefer to wait."""
    found = _WAIT.search(request.headers.get("Prefer", ""))
    return min(float(found[1]), MAX_WAIT_S) if found else None


def wants_audio() -> bool:
    """Whether the caller would rather have audio than JSON."""
    accept = request.accept_mimetypes
    audio = max((quality for media, quality in accept if media.startswith("audio/")), default=0.0)
    return audio > 0 and audio >= max(
        (quality for media, quality in accept if media in {"application/json", "application/*"}), default=0.0
    )


def audio_answer(services: Services, job: Job) -> Response:
    """The audio of a finished speech job. Raises JobFailed where there is none."""
    if job.state is not JobState.SUCCEEDED:
        error = job.error or {}
        raise JobFailed(
            error.get("detail") or f"The job ended as {job.state}.",
            status=422 if error.get("class") == "bad_input" else 500,
            code=error.get("code") or f"job_{job.state}",
            retryable=bool(error.get("retryable")),
        )
    return serve(services.storage, stored_file(job, None), whole=True)
