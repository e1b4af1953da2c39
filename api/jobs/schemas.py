"""Jobs on the wire; pipelines/requests.py has the requests that make them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.http.schemas import ResponseModel
from jobs.states import JobState, Priority

JOB_ID_PATTERN = r"^job_[0-9a-f]{32}$"


class JobProgress(ResponseModel):
    """The progress of a job, in `unit`: seconds of audio or characters of text."""

    stage: Literal["waiting_for_worker", "plan", "work", "stitch"]
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
    """The resources that a job used."""

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
