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

from .result_files import list_files
from .schemas import JobBody, JobError, JobProgress, JobResult, JobSummary, JobWarning, ResultFile

SHOWN_TEXT_CHARACTERS = 1000

#: (job, file) → (URL, its expiry in Unix seconds).
Link = Callable[[Job, StoredFile], tuple[str, int]]


def job_body(job: Job, *, link: Link, has_worker: bool = True) -> JobBody:
    """The job with its request. `has_worker`: a live worker serves what it needs next."""
    return JobBody(**_fields(job, link, has_worker), request=shown_request(job.params))


def job_summary(job: Job, *, link: Link, has_worker: bool = True) -> JobSummary:
    """The job without its request, as lists show it."""
    return JobSummary(**_fields(job, link, has_worker))


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


def progress(job: Job, *, has_worker: bool = True) -> JobProgress:
    """The progress of the job. `has_worker`: a live worker serves what it needs next."""
    done, total = float(job.units_done + job.units_running), job.units_total
    fraction = 1.0 if job.state is JobState.SUCCEEDED else min(1.0, done / total) if total else 0.0
    return JobProgress(
        stage=_stage(job, has_worker),
        done=total if job.state is JobState.SUCCEEDED and total is not None else min(done, total or done),
        total=total,
        unit=job.unit,
        fraction=round(fraction, 4),
        eta_s=_eta_s(job, fraction),
    )


def _fields(job: Job, link: Link, has_worker: bool) -> dict[str, Any]:
    provenance = dict(job.provenance)
    if job.input_sha256:
        provenance["input_sha256"] = job.input_sha256
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "model": job.model,
        "priority": job.priority,
        "progress": progress(job, has_worker=has_worker),
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


def _stage(job: Job, has_worker: bool) -> str:
    if job.state is JobState.ACCEPTED:
        return "waiting_for_worker"
    if job.state in (JobState.STITCHING, JobState.SUCCEEDED):
        return "stitch"
    if job.state is JobState.PLANNING or not job.chunk_total:
        return "plan"
    if job.chunks_done >= job.chunk_total:
        return "stitch"
    return "work" if has_worker or job.state.is_terminal else "waiting_for_worker"


def _eta_s(job: Job, fraction: float) -> float | None:
    """Estimated from the time for what is done; None before the first hundredth."""
    if job.state.is_terminal or job.started_at is None or not 0.01 <= fraction < 1.0:
        return None
    elapsed_s = max(0.0, (job.updated_at - job.started_at) / 1000)
    return round(elapsed_s * (1 - fraction) / fraction, 1)
