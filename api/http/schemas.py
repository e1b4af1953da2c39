"""What goes over the wire beside the requests of pipelines/requests.py; the OpenAPI document comes from both."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from jobs.states import JobState, Priority

Scope = Literal["read", "submit", "stream", "admin"]
JOB_ID_PATTERN = r"^job_[0-9a-f]{32}$"


class Answer(BaseModel):
    """An answer: every field is there, null where it does not apply."""

    #: An answer that does not fit is logged; what people said in it is not.
    model_config = ConfigDict(json_schema_serialization_defaults_required=True, hide_input_in_errors=True)


class Problem(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    #: Stable name of the cause.
    code: str
    #: Whether the same request may succeed later.
    retryable: bool
    errors: list[ProblemField] | None = None


class ProblemField(BaseModel):
    """One field of the request that has to change."""

    field: str
    code: str
    detail: str


# -- jobs --------------------------------------------------------------------------------------------------------------
class JobProgress(Answer):
    """How far a job is, in `unit`: seconds of audio or characters of text."""

    stage: Literal["waiting_for_worker", "plan", "work", "stitch"]
    done: float
    total: float | None
    unit: str | None
    fraction: float
    eta_s: float | None


class ResultFile(Answer):
    """One file of a result. `url` needs no key until `url_expires_at`."""

    name: str
    content_type: str
    bytes: int
    sha256: str
    url: str
    url_expires_at: datetime


class JobUsage(Answer):
    """What the job cost."""

    audio_s: float = 0.0
    characters: int = 0
    engine_s: float = 0.0


class JobWarning(Answer):
    """Something about a result that its reader should know."""

    code: str
    detail: str


class JobResult(Answer):
    """What a succeeded job made."""

    duration_s: float
    processing_s: float
    language: str | None = None
    quality: dict[str, Any] | None = None
    usage: JobUsage
    files: list[ResultFile]
    #: `no_speech`, `other_language`, `document` …; the job succeeded all the same.
    warnings: list[JobWarning] = []


class JobError(Answer):
    """Why a job did not succeed."""

    model_config = ConfigDict(populate_by_name=True)

    error_class: str = Field(alias="class")
    code: str
    detail: str
    field: str | None = None
    retryable: bool = False


class JobSummary(Answer):
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
    """A job with the request that made it, texts cut to their first 1,000 characters."""

    request: dict[str, Any]


class JobList(Answer):
    """Newest first; `next` is the `after` of the following page."""

    object: Literal["list"] = "list"
    data: list[JobSummary]
    has_more: bool
    next: str | None


class JobsQuery(BaseModel):
    """Filters of a list of jobs. `label.k=v` may be given for any label `k`."""

    model_config = ConfigDict(extra="forbid")

    state: JobState | None = None
    kind: str | None = Field(None, max_length=50)
    batch: str | None = Field(None, max_length=64)
    limit: int = Field(20, ge=1, le=100)
    after: Annotated[str, StringConstraints(pattern=JOB_ID_PATTERN)] | None = None


class WaitQuery(BaseModel):
    """How long to hold the answer back."""

    model_config = ConfigDict(extra="forbid")

    wait: float = Field(0.0, ge=0, le=60, description="Seconds to wait for the job's end.")


class ResultQuery(BaseModel):
    """Which file, and the signature of a link that needs no key."""

    model_config = ConfigDict(extra="forbid")

    file: str | None = Field(None, max_length=200, description="Name of a file of the result; unset = the first.")
    expires: int | None = Field(None, description="Of a signed link: Unix seconds of its end.")
    signature: str | None = Field(None, max_length=200, description="Of a signed link.")


class WaitHeaders(BaseModel):
    """What a submitting request may ask for in its headers."""

    prefer: str | None = Field(
        None, alias="Prefer", description="`wait=N`: answer 200 with the finished job if it ends within N ≤ 60 seconds."
    )


class SubmitHeaders(WaitHeaders):
    """The same where each request makes a job of its own."""

    idempotency_key: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,255}$")] | None = Field(
        None,
        alias="Idempotency-Key",
        description="The same key and the same request give the same job for 24 hours.",
    )


class EventHeaders(BaseModel):
    """Where an event stream goes on."""

    last_event_id: str | None = Field(
        None, alias="Last-Event-ID", description="Id of the last `segment` event that was seen."
    )


# -- speech ------------------------------------------------------------------------------------------------------------
class VoicesQuery(BaseModel):
    """Filters of the list of voices."""

    model_config = ConfigDict(extra="forbid")

    language: str | None = Field(None, max_length=35, description="BCP 47 tag; `en` matches `en-GB` too.")
    family: str | None = Field(None, max_length=50)


class VoiceBody(Answer):
    """A voice that a model of a live worker speaks with, or an enrolled one for a model that clones."""

    id: str
    name: str
    language: str = Field(description="BCP 47 tag; `und` where nobody has said it.")
    family: str
    model: str
    gender: str | None = None
    sample_rate_hz: int | None = None
    preview: str = Field(description="Where a sample of it is. GET answers its audio, POST makes it.")


class VoiceList(Answer):
    object: Literal["list"] = "list"
    data: list[VoiceBody]


class EngineCandidate(Answer):
    """An engine that a worker tried for a model. `error`: how far it is from float32 on a fixed recording, in the unit
    of the family (docs/models.md); null where it was not measured."""

    engine: str
    error: float | None


ModelState = Literal["absent", "downloading", "loading", "ready", "warm", "failed"]


class ModelBody(Answer):
    """A model that this server knows. `state`: `warm` = loaded in a live worker, `ready` = a live worker can load it,
    `absent` = no live worker has it, `downloading` = its weights are being fetched, `loading` = they are read or
    converted, `failed` = no worker could load it."""

    name: str
    kind: Literal["tts", "stt", "speaker"]
    family: str
    languages: list[str]
    engines: list[str]
    engine: str | None
    #: How far the engine is from float32; null for one that was not measured.
    engine_error: float | None
    #: What to know of the engine, such as an error above the limit where the operator has named it.
    engine_warning: str | None
    #: The engines that the worker tried, in that order; the last one runs the model.
    engine_candidates: list[EngineCandidate]
    state: ModelState
    workers: int
    memory_bytes: int | None
    sample_rate_hz: int
    auto: bool
    #: What `emotion` may be, though a model may do only a part of it; empty for one that does not speak.
    emotions: list[str]
    #: The command that brings the model here, while it is absent.
    install: str | None


class ModelList(Answer):
    object: Literal["list"] = "list"
    data: list[ModelBody]


# -- the service itself ------------------------------------------------------------------------------------------------
class ComponentHealth(Answer):
    """A part of the service. `degraded`: it works, and something about it needs the operator."""

    status: Literal["ok", "degraded", "down"]
    latency_ms: float | None = None
    detail: str | None = None


class Health(BaseModel):
    """`ok`, `degraded` or `down`; an admin key shows the components."""

    status: Literal["ok", "degraded", "down"]
    components: dict[str, ComponentHealth] | None = None
    workers: int | None = None
    queues: dict[str, int] | None = None


class ConfigBody(Answer):
    """The settings in force; secrets show as `**********`."""

    settings: dict[str, Any]


Problem.model_rebuild()
