"""Inside a child: one run of a step, from its `RunStep` to the event that ends it.

Knows the messages of a run and calls one of the pipeline's three functions; knows nothing of jobs, storage or leases.
Files are named relative to the run's directory; a finished file is announced and is the controller's from then on.
"""

from __future__ import annotations

import errno
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic import ValidationError

from jobs.failure import Failure
from jobs.full_disk import is_full_disk
from jobs.stack_trace import format_stack
from pipelines.catalog.job_kinds import PIPELINES
from pipelines.errors import BadInput, InputTooLarge, PipelineError
from pipelines.pipeline import Part, Pipeline, Span, StepInterrupted

from .batched_family import Family
from .failures import step_failed, to_failure
from .messages import (
    PLAN_FILE,
    SOURCE_FILE,
    SPANS_FILE,
    Command,
    FileProduced,
    FileStored,
    FollowUpSpan,
    PlanDone,
    PlanInput,
    Progress,
    RunStep,
    SourceNeeded,
    SourceReady,
    StepDone,
    StepEvent,
    StepFailed,
    StepOutOfSpace,
    StepStopped,
    StitchDone,
    StitchInput,
    WorkDone,
    WorkInput,
)

#: Files that may wait for the controller to store them before `put` waits: bounds the disk that a run uses.
_MAX_UNSTORED_FILES = 4

#: Seconds between two messages of progress.
_PROGRESS_EVERY_S = 0.2

_CommandT = TypeVar("_CommandT", FileStored, SourceReady)


class StepChannel(Protocol):
    """The messages of one run, both ways."""

    def send(self, event: StepEvent) -> None: ...

    def receive(self) -> Command:
        """The next command for this run, waited for. Raises StepInterrupted after `StopStep` or a lost controller."""

    def is_stopped(self) -> bool:
        """Whether `StopStep` has come, without waiting."""


class RemoteSink:
    """`pipelines.pipeline.Sink`: the controller takes the files and the progress."""

    def __init__(self, channel: StepChannel, directory: Path) -> None:
        self.directory = directory
        self._channel = channel
        self._produced = 0
        self._unstored = 0
        self._last_sent = 0.0

    def put(self, name: str, path: Path, *, content_type: str = "application/octet-stream") -> None:
        while self._unstored >= _MAX_UNSTORED_FILES:
            self.wait_for(FileStored)
        self._unstored += 1
        self._produced += 1
        file = f"out-{self._produced}"
        # Out of the pipeline's way: it may write a file of the same name again at once.
        path.rename(self.directory / file)
        self._channel.send(FileProduced(name, file, content_type))

    def progress(self, done: float, total: float | None = None) -> None:
        if self._channel.is_stopped():
            raise StepInterrupted
        now = time.monotonic()
        if now - self._last_sent >= _PROGRESS_EVERY_S:
            self._last_sent = now
            self._channel.send(Progress(done, total))

    def wait_for(self, kind: type[_CommandT]) -> _CommandT:
        """Wait for a command of this kind; acknowledgements of files are counted on the way."""
        while True:
            command = self._channel.receive()
            if isinstance(command, FileStored):
                self._unstored -= 1
            if isinstance(command, kind):
                return command


class RemoteSources:
    """`pipelines.pipeline.Sources`: asks the controller for the k-th file and removes the one before."""

    def __init__(self, channel: StepChannel, sink: RemoteSink) -> None:
        self._channel = channel
        self._sink = sink
        self._current: tuple[int, Path] | None = None

    def __call__(self, k: int) -> Path:
        if self._current is not None:
            if self._current[0] == k:
                return self._current[1]
            self._current[1].unlink(missing_ok=True)
            self._current = None
        self._channel.send(SourceNeeded(k))
        while True:
            source = self._sink.wait_for(SourceReady)
            if source.index == k:
                self._current = (k, self._sink.directory / source.file)
                return self._current[1]


def run_step(
    run: RunStep, channel: StepChannel, family: Family | None = None, *, engine_s: Callable[[], float] | None = None
) -> None:
    """Do the step and report its end. Raises nothing but MemoryError, of which the whole child should die.

    `engine_s`: the seconds of a shared engine that were for this run. Without it the step's own measure counts.
    """
    try:
        done = _run_step(run, channel, family)
        channel.send(replace(done, engine_s=engine_s()) if engine_s and isinstance(done, WorkDone) else done)
    except StepInterrupted:
        channel.send(StepStopped())
    except PipelineError as error:
        channel.send(StepOutOfSpace() if is_full_disk(error) else step_failed(error))
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 – the task boundary: whatever a pipeline raises ends this run only
        channel.send(StepOutOfSpace() if is_full_disk(error) else _unexpected(error))


def _run_step(run: RunStep, channel: StepChannel, family: Family | None) -> StepDone:
    step = run.step
    pipeline = PIPELINES[step.kind].load()
    request = pipeline.Request.model_validate(step.params)
    sink = RemoteSink(channel, Path(run.directory))
    match step:
        case PlanInput():
            return _plan(pipeline, request, step, sink)
        case WorkInput():
            span = span_from_json(step.span)
            return _work(pipeline, request, span, RemoteSources(channel, sink), family=family, sink=sink)
        case StitchInput():
            return _stitch(pipeline, request, sink, RemoteSources(channel, sink))


def _plan(pipeline: Pipeline, request: Any, step: PlanInput, sink: RemoteSink) -> PlanDone:
    source = sink.directory / SOURCE_FILE if step.has_source else None
    plan = pipeline.plan(request, source, sink, step.limits)
    count = 0
    with (sink.directory / PLAN_FILE).open("w", encoding="utf-8", errors="surrogatepass") as lines:
        header = {"header": dict(plan.header), "units_total": plan.units_total, "unit": plan.unit}
        lines.write(json.dumps(header, ensure_ascii=False) + "\n")
        for span in plan.spans:
            lines.write(json.dumps(span_to_json(span), ensure_ascii=False) + "\n")
            count += 1
            sink.progress(0.0)
    return PlanDone(plan.units_total, plan.unit, count)


def _work(
    pipeline: Pipeline, request: Any, span: Span, sources: RemoteSources, *, family: Family | None, sink: RemoteSink
) -> WorkDone:
    part: Part = pipeline.work(request, span, sources, family, sink)
    part.path.rename(sink.directory / "part")
    return WorkDone(
        part="part",
        engine_s=part.engine_s,
        duration_s=part.duration_s,
        provenance=dict(part.provenance),
        follow_ups=[FollowUpSpan(follow_up.model, span_to_json(follow_up.span)) for follow_up in part.follow_ups],
    )


def _stitch(pipeline: Pipeline, request: Any, sink: RemoteSink, sources: RemoteSources) -> StitchDone:
    with (sink.directory / PLAN_FILE).open(encoding="utf-8", errors="surrogatepass") as plan:
        header = json.loads(next(plan))["header"]
    with (sink.directory / SPANS_FILE).open(encoding="utf-8", errors="surrogatepass") as lines:
        result = pipeline.stitch(request, header, _read_spans(lines), sources, sink)
    return StitchDone(result.duration_s, dict(result.summary))


def _read_spans(lines: Iterator[str]) -> Iterator[Span]:
    for line in lines:
        yield span_from_json(json.loads(line))


def span_to_json(span: Span) -> dict[str, Any]:
    """A span as the plan file and the chunk's row hold it."""
    return {
        "idx": span.idx,
        "start": span.start,
        "end": span.end,
        "units": span.units,
        "data": dict(span.data),
        "inputs": list(span.inputs),
    }


def span_from_json(value: Mapping[str, Any]) -> Span:
    """The inverse of `span_to_json`."""
    return Span(
        idx=value["idx"],
        start=value["start"],
        end=value["end"],
        units=value["units"],
        data=value.get("data", {}),
        inputs=tuple(value.get("inputs", ())),
    )


def _unexpected(error: Exception) -> StepFailed:
    if isinstance(error, ValidationError):
        detail = "The stored request does not fit this version of the server."
        return StepFailed(to_failure(BadInput(detail)))
    if isinstance(error, OSError) and error.errno == errno.EFBIG:  # past the sandbox's limit on the size of a file
        detail = "What this input unfolds to is larger than this server allows."
        return StepFailed(to_failure(InputTooLarge(detail)))
    detail = f"The engine failed unexpectedly ({type(error).__name__})."
    return StepFailed(Failure.internal_error(detail), trace=format_stack(error)[-4000:])
