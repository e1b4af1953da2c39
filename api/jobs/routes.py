"""Jobs: list, get, wait, events, result, cancel, retry, delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, g, request, stream_with_context
from flask.typing import ResponseReturnValue
from flask_openapi3 import APIBlueprint, Tag

from api.http.auth import known_or_anyone, needs, tenant
from api.http.body import parse_json, read_json
from api.http.errors import Forbidden, Invalid, NothingToPatch, NothingToRetry, Unauthenticated
from api.http.operation import binary_answer, json_body, operation, submitted
from api.http.schemas import EventHeaders, JobBody, JobList, JobsQuery, ResultQuery, SubmitHeaders, WaitQuery
from api.http.validation import validated
from api.submission.submission import Submission
from api.wiring import services
from jobs.errors import NotFound
from jobs.job import Job
from jobs.states import JobState
from pipelines.requests import SpeechPatch

from .deletion import forget_job
from .downloads import check_link, file_answer, stored_file
from .events import event_stream
from .responses import job_answer, job_list_answer, wait_for_end
from .storage_ownership import check_own_storage

routes = APIBlueprint("jobs", __name__, url_prefix="/jobs", abp_tags=[Tag(name="Jobs")])
MAX_LABELS = 16
RETRYABLE = frozenset({JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED})


@operation(routes, "GET", "", guard=needs("read"), query=JobsQuery, answers={200: JobList})
def list_jobs(query: JobsQuery) -> Response:
    """Jobs, newest first

    `label.k=v` keeps those whose label `k` is `v`; it may be given for several labels.
    """
    page = services().store.jobs(
        tenant(),
        state=query.state.value if query.state else None,
        kind=query.kind,
        batch_id=query.batch,
        labels=_labels(),
        limit=query.limit,
        after=query.after,
    )
    return job_list_answer(services(), page.jobs, page.next)


@operation(
    routes, "GET", "/<job_id>", guard=needs("read"), query=WaitQuery, answers={200: JobBody}, problems=(404, 410)
)
def get_job(job_id: str, query: WaitQuery) -> Response:
    """A job, at once or when it has ended

    Where the server holds too many waiting clients, the answer comes at once with Retry-After.
    """
    job = _job(job_id)
    waited = wait_for_end(services(), job, query.wait)
    answer = job_answer(services(), waited or job)
    if waited is None:
        answer.headers["Retry-After"] = "1"
    return answer


@operation(
    routes,
    "GET",
    "/<job_id>/events",
    guard=needs("read"),
    headers=EventHeaders,
    answers={
        200: {
            "description": "`state` (a job), `progress`, `segment` (a piece of a transcript) until the job has ended.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    },
    problems=(404, 410),
)
def job_events(job_id: str) -> Response:
    """What happens to a job, as server-sent events"""
    job = _job(job_id)
    stream = event_stream(services(), job, last_id=request.headers.get("Last-Event-ID"))
    answer = Response(stream_with_context(stream), content_type="text/event-stream; charset=utf-8")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Accel-Buffering"] = "no"
    return answer


@operation(
    routes,
    "GET",
    "/<job_id>/result",
    guard=known_or_anyone("read"),
    query=ResultQuery,
    answers={
        200: binary_answer("The file.", "application/octet-stream", "audio/*", "application/json", "text/*"),
        206: binary_answer("The range that was asked for.", "application/octet-stream"),
        302: None,
    },
    problems=(401, 403, 404, 409, 410, 416),
)
def job_result(job_id: str, query: ResultQuery) -> ResponseReturnValue:
    """A file of the result

    Needs a key, or the signature of a link that this server made.
    """
    return file_answer(services(), _result_file(job_id, query))


@operation(routes, "POST", "/<job_id>/cancel", guard=needs("submit"), answers={200: JobBody}, problems=(404, 410))
def cancel_job(job_id: str) -> Response:
    """End a job

    What waits ends now, what runs at its next step; a job that has ended stays as it is.
    """
    return job_answer(services(), services().store.cancel(tenant(), job_id))


@operation(
    routes,
    "POST",
    "/<job_id>/retry",
    guard=needs("submit"),
    headers=SubmitHeaders,
    answers=submitted(),
    problems=(404, 409, 410, 422),
)
def retry_job(job_id: str) -> Response:
    """A new job that does again what this one left undone

    `parent_id` names the old job; chunks that it had finished are kept.
    """
    job = _job(job_id)
    if job.state not in RETRYABLE:
        raise NothingToRetry(f"The job is {job.state}; only one that failed, was cancelled or expired can be retried.")
    return Submission(services(), job.kind).submit_again(job)


@operation(
    routes,
    "POST",
    "/<job_id>/patch",
    guard=needs("submit"),
    headers=SubmitHeaders,
    body=json_body(SpeechPatch),
    answers=submitted(),
    problems=(400, 404, 409, 410, 413, 415, 422),
)
def patch_job(job_id: str) -> Response:
    """A new job that says one sentence of a finished one otherwise

    `parent_id` names the old job, whose files stay. Only the chunk of that sentence is spoken again; sentences are
    numbered in marks.json. `voice` may be an enrolled one where the model of the book speaks with such.
    """
    patch = validated(SpeechPatch, parse_json(read_json(request, limit=services().settings.max_json_bytes)))
    job = _job(job_id)
    if job.kind != "tts.synthesize" or job.state != JobState.SUCCEEDED:
        raise NothingToPatch(f"The job is {job.kind} and {job.state}; only speech that has succeeded can be patched.")
    return Submission(services(), job.kind).submit_patched(job, patch)


@operation(routes, "DELETE", "/<job_id>", guard=needs("submit"), answers={204: None}, problems=(404, 410))
def delete_job(job_id: str) -> ResponseReturnValue:
    """Forget a job: its input, its parts and its result

    It is cancelled first where it still runs. Afterwards its id answers 410.
    """
    job = _job(job_id)
    check_own_storage(services())
    forget_job(services(), job)
    return "", 204


def _job(job_id: str) -> Job:
    return services().store.job(tenant(), job_id)


def _labels() -> dict[str, str]:
    """The `label.…` arguments. Raises Invalid."""
    labels = {name.removeprefix("label."): value for name, value in request.args.items() if name.startswith("label.")}
    if len(labels) > MAX_LABELS:
        raise Invalid.field("label", f"At most {MAX_LABELS} labels.", code="too_long")
    return labels


def _result_file(job_id: str, query: ResultQuery) -> Mapping[str, Any]:
    """The stored file, once key or signature have proved the right to it."""
    if g.key is not None:
        return stored_file(_job(job_id), query.file)
    if query.signature is None or query.expires is None:
        raise Unauthenticated(headers={"WWW-Authenticate": 'Bearer realm="voicemill"'})
    # Nothing is told apart for strangers: a wrong id, a wrong file and a wrong signature look alike.
    found = services().store.states([job_id]).get(job_id)
    if found is None or found.deleted_at is not None or not found.result:
        raise Forbidden("This link is not valid.", code="link_invalid")
    try:
        stored = stored_file(found, query.file)
    except NotFound as error:
        raise Forbidden("This link is not valid.", code="link_invalid") from error
    check_link(services().secret_box, stored, expires_s=query.expires, signature=query.signature)
    return stored
