"""Jobs that are made from a job: retry, patch. Here and not in api/jobs, which knows nothing of submission."""

from __future__ import annotations

from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag

from api.http.auth import current_tenant, require_scope
from api.http.body import read_json
from api.http.context import current_services
from api.http.errors import NotPatchable, NotRetryable, PartsDropped
from api.http.operation import operation
from api.http.request_body import json_body
from api.http.validation import validate
from jobs.job import Job
from jobs.states import JobState
from pipelines.catalog.job_kinds import PIPELINES
from pipelines.requests import SpeechPatch

from .http import begin_submission, submission_response
from .schemas import SubmitHeaders, submission_responses

routes = APIBlueprint("submission", __name__, url_prefix="/jobs", abp_tags=[Tag(name="Jobs")])
RETRYABLE = frozenset({JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED})


@operation(
    routes,
    "POST",
    "/<job_id>/retry",
    guard=require_scope("submit"),
    headers=SubmitHeaders,
    responses=submission_responses(),
    problems=(404, 409, 410, 422),
)
def retry_job(job_id: str) -> Response:
    """Retry a job that failed, was cancelled or expired

    Makes a new job, whose `parent_id` is the old one. It reuses the chunks that the old job has finished.
    """
    job = _job(job_id)
    if job.state not in RETRYABLE:
        raise NotRetryable(f"The job is {job.state}; only one that failed, was cancelled or expired can be retried.")
    return submission_response(begin_submission(job.kind).submit_retry(job))


@operation(
    routes,
    "POST",
    "/<job_id>/patch",
    guard=require_scope("submit"),
    headers=SubmitHeaders,
    body=json_body(SpeechPatch, any_of=("text", "voice")).with_examples(
        words={"sentence": 0, "text": "It was a cold day in April."},
        voice={"sentence": 0, "voice": "en-us"},
    ),
    responses=submission_responses(),
    problems=(400, 404, 409, 410, 413, 415, 422),
)
def patch_job(job_id: str) -> Response:
    """Change one sentence of a finished speech job

    Makes a new job, whose `parent_id` is the old one; the files of the old job stay. Only the chunk of that sentence is
    synthesised again. Sentences are numbered in marks.json. `voice` may be an enrolled one if the model can clone.
    Where the server deletes the parts of finished jobs, the answer is 409 `parts_dropped`, or `resynthesise` is true.
    """
    patch = validate(SpeechPatch, read_json(request, limit=current_services().settings.max_json_bytes))
    job = _job(job_id)
    if not PIPELINES[job.kind].patchable or job.state != JobState.SUCCEEDED:
        raise NotPatchable(f"The job is {job.kind} and {job.state}; only speech that has succeeded can be patched.")
    if job.parts_dropped_at is not None and not patch.resynthesise:
        raise PartsDropped(
            "This server deleted the parts of the job after it succeeded, so one sentence cannot be made anew alone. "
            "Send `resynthesise: true` to speak the whole text again with the change, at the cost of a new job.",
        )
    return submission_response(begin_submission(job.kind).submit_patch(job, patch))


def _job(job_id: str) -> Job:
    return current_services().store.jobs.get(current_tenant(), job_id)
