"""Jobs on the wire; pipelines/requests.py has the requests that make them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.http.schemas import ResponseModel
from jobs.states import JobState, Priority

JOB_ID_PATTERN = r"^job_[0-9a-f]{32}$"


class MissingWorker(ResponseModel):
    """A queue with work of a job that no live worker serves. `model`: the one that the job needs there."""

    queue: str
    family: str
    model: str | None


class JobProgress(ResponseModel):
    """The progress of a job, in `unit`: seconds of audio or characters of text.

    `stage`: what it does next, or `waiting_for_worker` where no live worker can do it; `missing_workers` says which are
    missing. A job that is only queued behind others has the stage that follows.
    """

    stage: Literal["waiting_for_worker", "plan", "work", "stitch"]
    #: Empty while a live worker serves each queue that the job needs.
    missing_workers: list[MissingWorker] = []
    done: float
    total: float | None
    unit: str | None
    fraction: float
    eta_s: float | None


class ResultFile(ResponseModel):
    """One file of a result. `url` needs no key until `url_expires_at`."""

    name: str
    content_type: str
    bytes: int
    sha256: str
    url: str
    url_expires_at: datetime


class JobUsage(ResponseModel):
    """The resources that a job used. `engine_s`: its share of the time of the engines, in seconds; over all jobs never
    more than the number of engine processes times the time that passed. Reused chunks of a parent count nothing."""

    audio_s: float = 0.0
    characters: int = 0
    engine_s: float = 0.0


class JobWarning(ResponseModel):
    """A warning about a result."""

    code: str
    detail: str


class JobResult(ResponseModel):
    """The result of a succeeded job."""

    duration_s: float
    processing_s: float
    language: str | None = None
    quality: dict[str, Any] | None = None
    usage: JobUsage
    files: list[ResultFile]
    #: `no_speech`, `other_language`, `document` …; the job succeeded.
    warnings: list[JobWarning] = []


class JobError(ResponseModel):
    """Why a job did not succeed."""

    model_config = ConfigDict(populate_by_name=True)

    error_class: str = Field(alias="class")
    code: str
    detail: str
    field: str | None = None
    retryable: bool = False


class JobSummary(ResponseModel):
    """A job in a list."""

    id: str
    object: Literal["job"] = "job"
    kind: str
    state: JobState
    model: str
    #: To recognise it by: the title of the request, else the name of its file, else the beginning of its text.
    name: str | None
    priority: Priority
    progress: JobProgress
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    deadline_at: datetime
    delete_at: datetime | None
    parent_id: str | None
    labels: dict[str, str]
    result: JobResult | None
    error: JobError | None
    attempts: int
    provenance: dict[str, Any]


class JobBody(JobSummary):
    """A job with its request; a text is cut to its first 1,000 characters."""

    request: dict[str, Any]


class JobList(ResponseModel):
    """Newest first; `next` is the `after` of the following page."""

    object: Literal["list"] = "list"
    data: list[JobSummary]
    has_more: bool
    next: str | None


class JobsQuery(BaseModel):
    """Filters of a list of jobs. `label.k=v` may be sent for any label `k`."""

    model_config = ConfigDict(extra="forbid")

    state: JobState | None = None
    kind: str | None = Field(None, max_length=50)
    batch: str | None = Field(None, max_length=64)
    limit: int = Field(20, ge=1, le=100)
    after: Annotated[str, StringConstraints(pattern=JOB_ID_PATTERN)] | None = None


class WaitQuery(BaseModel):
    """How long to wait before the response."""

    model_config = ConfigDict(extra="forbid")

    wait: float = Field(0.0, ge=0, le=60, description="Seconds to wait for the job's end.")


class ResultQuery(BaseModel):
    """The file, and the signature of a link that needs no key."""

    model_config = ConfigDict(extra="forbid")

    file: str | None = Field(None, max_length=200, description="Name of a file of the result; unset = the first.")
    expires: int | None = Field(None, description="Of a signed link: its expiry in Unix seconds.")
    signature: str | None = Field(None, max_length=200, description="Of a signed link.")


class EventHeaders(BaseModel):
    """Where an event stream continues."""

    last_event_id: str | None = Field(
        None, alias="Last-Event-ID", description="Id of the last `segment` event that was received."
    )
