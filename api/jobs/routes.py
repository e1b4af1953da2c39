"""Jobs: list, get, wait, events, result, cancel, delete. Retry and patch are in api/submission/routes.py."""

from __future__ import annotations

from flask import Response, g, request, stream_with_context
from flask.typing import ResponseReturnValue
from flask_openapi3 import APIBlueprint, Tag

from api.http.auth import current_key, current_tenant, optional_scope, require_scope, sent_key
from api.http.context import current_services
from api.http.errors import Forbidden, Invalid, Unauthenticated
from api.http.operation import binary_response, operation
from jobs.errors import NotFound
from jobs.job import Job
from jobs.stored_object import StoredFile

from . import deletion
from .downloads import check_link, file_response
from .events import event_stream
from .responses import job_list_response, job_response, wait_for_end
from .result_files import find_file
from .schemas import EventHeaders, JobBody, JobList, JobsQuery, ResultQuery, WaitQuery

routes = APIBlueprint("jobs", __name__, url_prefix="/jobs", abp_tags=[Tag(name="Jobs")])
MAX_LABELS = 16


@operation(routes, "GET", "", guard=require_scope("read"), query=JobsQuery, responses={200: JobList})
def list_jobs(query: JobsQuery) -> Response:
    """List jobs, newest first

    `label.k=v` selects jobs whose label `k` is `v`; it may be sent for several labels.
    """
    page = current_services().store.jobs.list(
        current_tenant(),
        state=query.state.value if query.state else None,
        kind=query.kind,
        batch_id=query.batch,
        labels=_labels(),
        limit=query.limit,
        after=query.after,
    )
    return job_list_response(current_services(), page.jobs, page.next)


@operation(
    routes,
    "GET",
    "/<job_id>",
    guard=require_scope("read"),
    query=WaitQuery,
    responses={200: JobBody},
    problems=(404, 410),
)
def get_job(job_id: str, query: WaitQuery) -> Response:
    """Get a job, at once or when it has ended

    A server with too many waiting clients answers at once, with Retry-After.
    """
    job = _job(job_id)
    g.has_waited = query.wait > 0
    waited = wait_for_end(current_services(), job, query.wait, key_id=current_key().id)
    response = job_response(current_services(), waited or job)
    if waited is None:
        response.headers["Retry-After"] = "1"
    return response


@operation(
    routes,
    "GET",
    "/<job_id>/events",
    guard=require_scope("read"),
    headers=EventHeaders,
    responses={
        200: {
            "description": "`state` (a job), `progress`, `segment` (of a transcript) until the job has ended.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    },
    problems=(404, 410),
)
def job_events(job_id: str) -> Response:
    """Follow a job by server-sent events"""
    job = _job(job_id)
    stream = event_stream(
        current_services(), job, last_id=request.headers.get("Last-Event-ID"), key_id=current_key().id
    )
    response = Response(stream_with_context(stream), content_type="text/event-stream; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


@operation(
    routes,
    "GET",
    "/<job_id>/result",
    guard=optional_scope("read"),
    query=ResultQuery,
    responses={
        200: binary_response("The file.", "application/octet-stream", "audio/*", "application/json", "text/*"),
        206: binary_response("The requested range.", "application/octet-stream"),
        302: None,
    },
    problems=(401, 403, 404, 409, 410, 416),
)
def job_result(job_id: str, query: ResultQuery) -> ResponseReturnValue:
    """Download a file of the result

    Needs a key, or the signature of a link that this server made.
    """
    return file_response(current_services(), _result_file(job_id, query))


@operation(
    routes, "POST", "/<job_id>/cancel", guard=require_scope("submit"), responses={200: JobBody}, problems=(404, 410)
)
def cancel_job(job_id: str) -> Response:
    """Cancel a job

    Waiting chunks end now, running ones at their next step. A job that has ended does not change.
    """
    return job_response(current_services(), current_services().store.jobs.cancel(current_tenant(), job_id))


@operation(routes, "DELETE", "/<job_id>", guard=require_scope("submit"), responses={204: None}, problems=(404, 410))
def delete_job(job_id: str) -> ResponseReturnValue:
    """Delete a job with its input, parts and result

    A running job is cancelled first. Afterwards its id answers 410.
    """
    job = _job(job_id)
    deletion.check_storage_owner(current_services())
    deletion.delete_job(current_services(), job)
    return "", 204


def _job(job_id: str) -> Job:
    return current_services().store.jobs.get(current_tenant(), job_id)


def _labels() -> dict[str, str]:
    """The `label.…` arguments. Raises Invalid."""
    labels = {name.removeprefix("label."): value for name, value in request.args.items() if name.startswith("label.")}
    if len(labels) > MAX_LABELS:
        raise Invalid.field("label", f"At most {MAX_LABELS} labels.", code="too_long")
    return labels


def _result_file(job_id: str, query: ResultQuery) -> StoredFile:
    """The requested file. Raises Unauthenticated, Forbidden without a key or a valid signature."""
    if sent_key() is not None:
        return find_file(_job(job_id), query.file)
    if query.signature is None or query.expires is None:
        raise Unauthenticated
    # Without a key all errors look the same: a wrong id, a wrong file and a wrong signature.
    found = current_services().store.jobs.get_many([job_id]).get(job_id)
    if found is None or found.deleted_at is not None or not found.result:
        raise Forbidden("This link is not valid.", code="link_invalid")
    try:
        stored = find_file(found, query.file)
    except NotFound as error:
        raise Forbidden("This link is not valid.", code="link_invalid") from error
    check_link(current_services().secret_box, stored, expires_s=query.expires, signature=query.signature)
    return stored
