"""A stored job as its schema. Pure: links to files are made by `link`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from api.http.responses import utc_datetime
from jobs.job import Job
from jobs.states import JobState
from jobs.stored_object import StoredFile
from pipelines.requests import SERVER_FIELDS

from .availability import Availability
from .result_files import list_files
from .schemas import JobBody, JobError, JobProgress, JobResult, JobSummary, JobWarning, ResultFile

SHOWN_TEXT_CHARACTERS = 1000
_NAME_CHARACTERS = 60

#: Every worker that a job needs is there.
SERVED = Availability()

#: (job, file) → (URL, its expiry in Unix seconds).
Link = Callable[[Job, StoredFile], tuple[str, int]]


def job_body(job: Job, *, link: Link, available: Availability = SERVED) -> JobBody:
    """The job with its request. `available`: the workers that it needs next."""
    return JobBody(**_fields(job, link, available), request=shown_request(job.params))


def job_summary(job: Job, *, link: Link, available: Availability = SERVED) -> JobSummary:
    """The job without its request, as lists and events show it."""
    return JobSummary(**_fields(job, link, available))


def without_content(body: JobBody) -> JobBody:
    """The job as a key without the scope `read` sees it: whether it runs, and nothing that a user sent or gets."""
    nothing: dict[str, Any] = {"name": None, "labels": {}, "request": {}, "result": None, "error": None}
    return body.model_copy(update=nothing | {"provenance": {}})


def shown_request(params: Mapping[str, Any]) -> dict[str, Any]:
    """The validated request; a text is cut to its first 1,000 characters."""
    shown = {
        name: value
        for name, value in params.items()
        if name not in SERVER_FIELDS or (name == "patches" and value)  # of patched books
    }
    if isinstance(shown.get("text"), str):
        shown["text"] = shown["text"][:SHOWN_TEXT_CHARACTERS]
    return shown


def job_name(params: Mapping[str, Any]) -> str | None:
    """What a user recognises the job by: its title, else the name of its file, else the beginning of its text."""
    for field in ("title", "source_name", "text"):
        if isinstance(params.get(field), str) and (name := " ".join(params[field][:1000].split())):
            return name if len(name) <= _NAME_CHARACTERS else f"{name[: _NAME_CHARACTERS - 1].rstrip()}…"
    return None


def progress(job: Job, *, available: Availability = SERVED) -> JobProgress:
    """The progress of the job. `available`: the workers that it needs next."""
    done, total = float(job.units_done + job.units_running), job.units_total
    fraction = 1.0 if job.state is JobState.SUCCEEDED else min(1.0, done / total) if total else 0.0
    return JobProgress(
        stage="waiting_for_worker" if available.is_waiting else _stage(job),
        missing_workers=list(available.missing),
        done=total if job.state is JobState.SUCCEEDED and total is not None else min(done, total or done),
        total=total,
        unit=job.unit,
        fraction=round(fraction, 4),
        eta_s=_eta_s(job, fraction),
    )


def _fields(job: Job, link: Link, available: Availability) -> dict[str, Any]:
    provenance = dict(job.provenance)
    if job.input_sha256:
        provenance["input_sha256"] = job.input_sha256
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "model": job.model,
        "name": job_name(job.params),
        "priority": job.priority,
        "progress": progress(job, available=available),
        "created_at": utc_datetime(job.created_at),
        "started_at": utc_datetime(job.started_at),
        "finished_at": utc_datetime(job.finished_at),
        "deadline_at": utc_datetime(job.deadline_at),
        "delete_at": utc_datetime(job.delete_at),
        "parent_id": job.parent_id,
        "labels": dict(job.labels),
        "result": _result(job, link),
        "error": JobError(**job.error.to_json()) if job.error else None,
        "attempts": job.attempts,
        "provenance": provenance,
    }


def _result(job: Job, link: Link) -> JobResult | None:
    if job.state is not JobState.SUCCEEDED or not job.result:
        return None
    files = []
    for stored in list_files(job.result):
        url, expires_s = link(job, stored)
        files.append(
            ResultFile(
                name=stored.name,
                content_type=stored.content_type,
                bytes=stored.object.bytes,
                sha256=stored.object.sha256,
                url=url,
                url_expires_at=datetime.fromtimestamp(expires_s, UTC),
            )
        )
    result = job.result
    return JobResult(
        duration_s=result["duration_s"],
        processing_s=result["processing_s"],
        language=result.get("language"),
        quality=result.get("quality"),
        usage=result.get("usage") or {},
        files=files,
        warnings=[JobWarning(**warning) for warning in result.get("warnings") or ()],
    )


def _stage(job: Job) -> str:
    if job.state in (JobState.STITCHING, JobState.SUCCEEDED):
        return "stitch"
    if job.state in (JobState.ACCEPTED, JobState.PLANNING) or not job.chunk_total:
        return "plan"
    if job.chunks_done >= job.chunk_total:
        return "stitch"
    return "work"


def _eta_s(job: Job, fraction: float) -> float | None:
    """Estimated from the time for what is done; None before the first hundredth."""
    if job.state.is_terminal or job.started_at is None or not 0.01 <= fraction < 1.0:
        return None
    elapsed_s = max(0.0, (job.updated_at - job.started_at) / 1000)
    return round(elapsed_s * (1 - fraction) / fraction, 1)
