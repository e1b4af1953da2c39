"""The messages between a controller and a child that runs steps, as values.

Commands go to the child, events come from it. How the channel carries them is in protocol.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from jobs.failure import Failure
from pipelines.pipeline import Limits

#: Files of a run's directory, written by one side for the other.
PLAN_FILE = "plan.jsonl"
SPANS_FILE = "spans.jsonl"
SOURCE_FILE = "source"


class Lane(StrEnum):
    """The two kinds of slots and of engine threads: interactive work never waits for bulk work."""

    BULK = "bulk"
    INTERACTIVE = "interactive"


# -- what a run is asked to do -----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class PlanInput:
    """Divide a job's input into spans; `has_source`: it lies in `SOURCE_FILE`."""

    kind: str
    params: Mapping[str, Any]
    limits: Limits
    has_source: bool = False


@dataclass(frozen=True, slots=True)
class WorkInput:
    """Do one span, given as JSON."""

    kind: str
    params: Mapping[str, Any]
    span: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StitchInput:
    """Join the parts of a job, of which `PLAN_FILE` and `SPANS_FILE` tell."""

    kind: str
    params: Mapping[str, Any]


StepInput = PlanInput | WorkInput | StitchInput


# -- commands: controller → child --------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class LoadModel:
    """Load a model before the first run asks for it."""

    model: str


@dataclass(frozen=True, slots=True)
class RunStep:
    """Do a step in this directory. `lane`: which thread of the model computes its requests."""

    step: StepInput
    model: str
    directory: str
    lane: Lane = Lane.BULK


@dataclass(frozen=True, slots=True)
class StopStep:
    """Nobody waits for this run any more."""


@dataclass(frozen=True, slots=True)
class FileStored:
    """A file that the run produced is stored."""


@dataclass(frozen=True, slots=True)
class SourceReady:
    """The source that was asked for lies in the run's directory."""

    index: int
    file: str


Command = LoadModel | RunStep | StopStep | FileStored | SourceReady


# -- events of a run: child → controller -------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class KeepAlive:
    """The run is still being worked on."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the run is, in the job's unit."""

    done: float
    total: float | None = None


@dataclass(frozen=True, slots=True)
class FileProduced:
    """A finished file: `file` in the run's directory, to be stored as `name`. The controller's from now on."""

    name: str
    file: str
    content_type: str


@dataclass(frozen=True, slots=True)
class SourceNeeded:
    """The run waits for this source."""

    index: int


@dataclass(frozen=True, slots=True)
class PlanDone:
    """`PLAN_FILE` holds so many spans."""

    units_total: float
    unit: str
    spans: int


@dataclass(frozen=True, slots=True)
class FollowUpSpan:
    """A further span that a part asks for, as JSON, and the model that shall do it."""

    model: str
    span: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WorkDone:
    """The part lies in this file of the run's directory."""

    part: str
    engine_s: float
    duration_s: float | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    follow_ups: Sequence[FollowUpSpan] = ()


@dataclass(frozen=True, slots=True)
class StitchDone:
    """All files of the result have been produced."""

    duration_s: float
    summary: Mapping[str, Any]


StepDone = PlanDone | WorkDone | StitchDone


@dataclass(frozen=True, slots=True)
class StepFailed:
    """The run failed. `trace`: where in the code or what is missing, for the log; not for the caller."""

    failure: Failure
    trace: str | None = None


@dataclass(frozen=True, slots=True)
class StepOutOfSpace:
    """The run ended because the disk is full, which is no fault of its input."""


@dataclass(frozen=True, slots=True)
class StepStopped:
    """The run was stopped before its end."""


@dataclass(frozen=True, slots=True)
class Confined:
    """The process has given up its rights, by these restrictions."""

    restrictions: Sequence[str]


@dataclass(frozen=True, slots=True)
class Idle:
    """A process that serves several runs waits for the next."""


StepEvent = (
    KeepAlive
    | Progress
    | FileProduced
    | SourceNeeded
    | StepDone
    | StepFailed
    | StepOutOfSpace
    | StepStopped
    | Confined
    | Idle
)


# -- events of an engine child -----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class EngineReady:
    """The process is up; it has loaded nothing yet."""

    pid: int


@dataclass(frozen=True, slots=True)
class ModelFetching:
    """The model's weights are being downloaded."""

    model: str


@dataclass(frozen=True, slots=True)
class ModelLoading:
    """The model is being loaded."""

    model: str


@dataclass(frozen=True, slots=True)
class ModelLoaded:
    """The model is loaded. `selection` and `voices`: JSON of an `EngineSelection` and of the model's voices."""

    model: str
    revision: str
    engine: str
    selection: Mapping[str, Any] | None
    voices: Sequence[Mapping[str, Any]]
    load_s: float


@dataclass(frozen=True, slots=True)
class ModelLoadFailed:
    """The model cannot be loaded here."""

    model: str
    detail: str


@dataclass(frozen=True, slots=True)
class ModelUnloaded:
    """The model was dropped to make room."""

    model: str


ModelEvent = ModelFetching | ModelLoading | ModelLoaded | ModelLoadFailed | ModelUnloaded
Event = StepEvent | ModelEvent | EngineReady
