"""Submission over HTTP: the headers of the request; the job, its audio or a problem as the response."""

from __future__ import annotations

import re

from flask import Flask, Response, g, request

from api.http.auth import current_key, current_tenant
from api.http.context import current_services
from api.http.errors import Invalid
from api.http.problems import request_error_response
from api.http.validation import validate
from api.jobs.responses import MAX_WAIT_S, audio_response, job_response, may_read_jobs, wait_for_end
from jobs.store.job_store import SubmittedJob
from pipelines.catalog.job_kinds import PIPELINES

from .errors import InvalidField
from .idempotency import IdempotencyKey
from .schemas import SubmitHeaders
from .submission import Submission

_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,6}(?:\.\d{1,6})?)")


def install_submission_problems(app: Flask) -> None:
    """Turn the errors of submissions into problem documents."""
    app.register_error_handler(InvalidField, _handle_invalid_field)


def begin_submission(kind: str) -> Submission:
    """A job of this kind for the current tenant. Raises Invalid for a malformed Idempotency-Key, RateLimited.

    Call it before the body is read: then nothing is stored for a request whose headers are invalid.
    """
    key = _idempotency_key()
    services, tenant_id = current_services(), current_tenant()
    services.rate_limits.count("jobs", tenant_id)
    return Submission(services, kind, tenant_id, key, request_id=g.request_id)


def submission_response(submitted: SubmittedJob) -> Response:
    """202 with the job; 200 with the ended job, or its audio, where the request prefers to wait.

    Raises JobFailed where audio is requested and there is none.
    """
    services = current_services()
    job = submitted.job
    g.job_id = job.id
    wait_s = _preferred_wait_s()
    if wait_s is not None:
        g.has_waited = True
        job = wait_for_end(services, job, wait_s, key_id=current_key().id) or job
    has_ended = wait_s is not None and job.state.is_terminal
    if has_ended and PIPELINES[job.kind].returns_audio and _accepts_audio() and may_read_jobs():
        response = audio_response(services, job)
    else:
        response = job_response(services, job, status=200 if has_ended else 202)
    response.headers["Location"] = f"/jobs/{job.id}"
    if has_ended:
        response.headers["Preference-Applied"] = f"wait={wait_s:g}"
    else:
        response.headers["Retry-After"] = "1"
    if submitted.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def _handle_invalid_field(error: InvalidField) -> Response:
    return request_error_response(Invalid.field(error.field, error.detail, code=error.code))


def _idempotency_key() -> IdempotencyKey | None:
    sent = request.headers.get("Idempotency-Key")
    if sent is None:
        return None
    key = validate(SubmitHeaders, {"Idempotency-Key": sent}).idempotency_key
    assert key is not None
    # The id in a path is part of what was requested; a path without one is the same with and without a final slash.
    route = request.path if request.view_args else str(request.url_rule)
    return IdempotencyKey(f"{request.method} {route}", key)


def _preferred_wait_s() -> float | None:
    """Seconds of `Prefer: wait=N`, 60 at most; None without it."""
    found = _WAIT.search(request.headers.get("Prefer", ""))
    return min(float(found[1]), MAX_WAIT_S) if found else None


def _accepts_audio() -> bool:
    """Whether the client prefers audio to JSON, or likes both the same."""
    accept = request.accept_mimetypes
    audio = max((quality for media, quality in accept if media.startswith("audio/")), default=0.0)
    return audio > 0 and audio >= max(
        (quality for media, quality in accept if media in {"application/json", "application/*"}), default=0.0
    )
