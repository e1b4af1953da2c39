"""Jobs, their progress and their result files as the API shows them. Unknown fields stay in `raw` and are no error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

T = TypeVar("T")

FINISHED_STATES = frozenset({"succeeded", "failed", "cancelled", "expired"})


@dataclass(frozen=True, slots=True)
class MissingWorker:
    """A queue with work of a job that no live worker serves. `model`: the one that the job needs there."""

    queue: str
    family: str
    model: str | None = None

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> MissingWorker:
        """From an entry of `progress.missing_workers`."""
        return cls(str(data.get("queue") or ""), str(data.get("family") or ""), data.get("model"))


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of a job, in seconds of audio or characters of text."""

    #: `waiting_for_worker`, `plan`, `work` or `stitch`.
    stage: str = ""
    done: float = 0.0
    #: None until the job is planned.
    total: float | None = None
    unit: str | None = None
    fraction: float = 0.0
    #: The server's estimate of the seconds left; None = not known yet.
    eta_s: float | None = None
    #: Workers that the job needs and nobody runs.
    missing_workers: Sequence[MissingWorker] = ()

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Progress:
        """From the `progress` object of a job or of an event."""
        return cls(
            stage=str(data.get("stage") or ""),
            done=float(data.get("done") or 0.0),
            total=_float(data.get("total")),
            unit=data.get("unit"),
            fraction=float(data.get("fraction") or 0.0),
            eta_s=_float(data.get("eta_s")),
            missing_workers=tuple(MissingWorker.parse(each) for each in data.get("missing_workers") or ()),
        )


@dataclass(frozen=True, slots=True)
class ResultFile:
    """One file of a result. `url` needs no key and ends at `url_expires_at`; a download asks for a fresh one."""

    name: str
    content_type: str
    bytes: int
    sha256: str | None
    url: str | None = None
    url_expires_at: datetime | None = None

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> ResultFile:
        """From an entry of `result.files`."""
        return cls(
            name=str(data["name"]),
            content_type=str(data.get("content_type") or "application/octet-stream"),
            bytes=int(data.get("bytes") or 0),
            sha256=data.get("sha256"),
            url=data.get("url"),
            url_expires_at=_time(data.get("url_expires_at")),
        )


@dataclass(frozen=True, slots=True)
class JobResult:
    """The result of a succeeded job."""

    #: Seconds of audio that were transcribed or synthesised.
    duration_s: float
    #: Seconds from the start of the job to its end.
    processing_s: float
    files: Sequence[ResultFile]
    language: str | None = None
    quality: Mapping[str, Any] | None = None
    #: `audio_s`, `characters`, `engine_s`.
    usage: Mapping[str, float] = field(default_factory=dict)
    #: Warnings as texts: no speech was found, another language was detected, a page was missing.
    warnings: Sequence[str] = ()

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> JobResult:
        """From the `result` object of a job."""
        return cls(
            duration_s=float(data.get("duration_s") or 0.0),
            processing_s=float(data.get("processing_s") or 0.0),
            files=tuple(ResultFile.parse(entry) for entry in data.get("files") or ()),
            language=data.get("language"),
            quality=data.get("quality"),
            usage=data.get("usage") or {},
            warnings=tuple(str(warning.get("detail") or "") for warning in data.get("warnings") or ()),
        )


@dataclass(frozen=True, slots=True)
class Job:
    """A job as of the response or event that it was parsed from."""

    id: str
    kind: str
    state: str
    model: str
    progress: Progress
    #: To recognise it by: title, file name or beginning of the text.
    name: str | None = None
    priority: str = "normal"
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    deadline_at: datetime | None = None
    delete_at: datetime | None = None
    parent_id: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    result: JobResult | None = None
    #: `class`, `code`, `detail`, `retryable` of a job that did not succeed.
    error: Mapping[str, Any] | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    #: The JSON that it was parsed from.
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def is_finished(self) -> bool:
        """Its state is final."""
        return self.state in FINISHED_STATES

    @property
    def is_successful(self) -> bool:
        """It has a result."""
        return self.state == "succeeded"

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Job:
        """From a `job` object of the API."""
        result = data.get("result")
        return cls(
            id=str(data["id"]),
            kind=str(data.get("kind") or ""),
            state=str(data["state"]),
            model=str(data.get("model") or ""),
            progress=Progress.parse(data.get("progress") or {}),
            name=data.get("name"),
            priority=str(data.get("priority") or "normal"),
            created_at=_time(data.get("created_at")),
            started_at=_time(data.get("started_at")),
            finished_at=_time(data.get("finished_at")),
            deadline_at=_time(data.get("deadline_at")),
            delete_at=_time(data.get("delete_at")),
            parent_id=data.get("parent_id"),
            labels=data.get("labels") or {},
            result=JobResult.parse(result) if result else None,
            error=data.get("error"),
            provenance=data.get("provenance") or {},
            raw=data,
        )


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Part of a list, newest first. `next` is the `after` of the following page; None = this is the last."""

    data: Sequence[T]
    next: str | None = None


def _float(value: Any) -> float | None:
    return None if value is None else float(value)


def _time(value: Any) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)
