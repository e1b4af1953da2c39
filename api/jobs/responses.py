"""Jobs as HTTP responses: one, a list, after a wait, or the audio of a job."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response

from api.http.auth import current_key, has_scope
from api.http.errors import JobFailed
from api.http.responses import json_response
from api.services import Services
from jobs.errors import Deleted
from jobs.failure import ErrorClass, Failure
from jobs.job import Job
from jobs.states import JobState

from .availability import find_availability
from .downloads import file_linker, serve
from .result_files import find_file
from .schemas import JobList
from .views import job_body, job_summary, without_content
from .watcher import TooManyWaiters

MAX_WAIT_S = 60.0


def job_response(services: Services, job: Job, status: int = 200) -> Response:
    """A job with its request and result; without them where the key of the current request must not read jobs."""
    body = job_body(job, link=file_linker(services), available=find_availability(services, job))
    return json_response(body if may_read_jobs() else without_content(body), status)


def may_read_jobs() -> bool:
    """Whether the key of the current request has the scope `read`: routes for other scopes answer with jobs too."""
    return has_scope(current_key(), "read")


def job_list_response(services: Services, jobs: Sequence[Job], next: str | None) -> Response:
    """A page of jobs without their requests."""
    link = file_linker(services)
    data = [job_summary(job, link=link, available=find_availability(services, job)) for job in jobs]
    return json_response(JobList(data=data, has_more=next is not None, next=next))


def wait_for_end(services: Services, job: Job, wait_s: float, *, key_id: str | None = None) -> Job | None:
    """The job at its end, or as it is when the time is over; None where this process holds too many waiters.

    The job is read again at the end: the watcher's states lack the parameters. Raises Deleted, NotFound.
    """
    if job.state.is_terminal or wait_s <= 0:
        return job
    try:
        with services.watcher.watch(job, key_id=key_id) as watch:
            last = watch.until_terminal(min(wait_s, MAX_WAIT_S))
    except TooManyWaiters:
        return None
    if last is None:
        raise Deleted
    return services.store.jobs.get(job.tenant_id, job.id)


def audio_response(services: Services, job: Job) -> Response:
    """The audio of an ended speech job. Raises JobFailed where there is none."""
    if job.state is not JobState.SUCCEEDED:
        failure = job.error or Failure(ErrorClass.ENGINE, f"job_{job.state}", f"The job ended as {job.state}.")
        raise JobFailed(
            failure.detail,
            status=422 if failure.error_class is ErrorClass.BAD_INPUT else 500,
            code=failure.code,
            retryable=failure.retryable,
        )
    return serve(services, find_file(job, None), whole=True)
