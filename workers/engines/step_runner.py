"""Inside a child: one chunk, from its `run` message to its `done` or `failed`.

Knows the messages of a chunk and calls one of the pipeline's three functions; knows nothing of jobs, storage or leases.
Files are named relative to the chunk's directory; a finished file is announced and is the controller's from then on.

To the child    run · source {k, file} · stored · stop
From the child  progress {done, total} · file {name, file, content_type} · need {k}, and in the end one of
                done {…} · failed {…} · interrupted
"""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from jobs.stack_trace import stack_of
from pipelines.catalog.catalog import PIPELINES
from pipelines.errors import InputTooLarge, PipelineError
from pipelines.pipeline import Interrupted, Limits, Part, Pipeline, Span

from .channel import Message

#: Files that may wait for the controller to store them before `put` waits: bounds the disk that a chunk uses.
_FILES_IN_FLIGHT = 4

#: Seconds between two messages of progress.
_PROGRESS_EVERY_S = 0.2

PLAN_FILE = "plan.jsonl"
SPANS_FILE = "spans.jsonl"
SOURCE_FILE = "source"


class Conversation(Protocol):
    """The messages of one chunk, both ways."""

    def send(self, event: Message) -> None: ...

    def receive(self) -> Message:
        """The next message for this chunk, waited for. Raises Interrupted when it is `stop`, or nobody is there."""

    def is_stopped(self) -> bool:
        """Whether `stop` has come, without waiting."""


class ChannelSink:
    """`pipelines.pipeline.Sink` over a conversation."""

    def __init__(self, conversation: Conversation, directory: Path) -> None:
        self.directory = directory
        self._conversation = conversation
        self._handed_over = 0
        self._in_flight = 0
        self._last_sent = 0.0

    def put(self, name: str, path: Path, *, content_type: str = "application/octet-stream") -> None:
        while self._in_flight >= _FILES_IN_FLIGHT:
            self.expect("stored")
        self._in_flight += 1
        self._handed_over += 1
        file = f"out-{self._handed_over}"
        # Out of the pipeline's way: it may write a file of the same name again at once.
        path.rename(self.directory / file)
        self._conversation.send({"event": "file", "name": name, "file": file, "content_type": content_type})

    def progress(self, done: float, total: float | None = None) -> None:
        if self._conversation.is_stopped():
            raise Interrupted
        now = time.monotonic()
        if now - self._last_sent >= _PROGRESS_EVERY_S:
            self._last_sent = now
            self._conversation.send({"event": "progress", "done": done, "total": total})

    def expect(self, op: str) -> Message:
        """Wait for a message of this kind; acknowledgements of files are counted on the way."""
        while True:
            message = self._conversation.receive()
            if message["op"] == "stored":
                self._in_flight -= 1
            if message["op"] == op:
                return message


class FetchedSources:
    """`pipelines.pipeline.Sources`: asks the controller for the k-th file and drops the one before."""

    def __init__(self, conversation: Conversation, sink: ChannelSink) -> None:
        self._conversation = conversation
        self._sink = sink
        self._held: tuple[int, Path] | None = None

    def __call__(self, k: int) -> Path:
        if self._held is not None:
            if self._held[0] == k:
                return self._held[1]
            self._held[1].unlink(missing_ok=True)
            self._held = None
        self._conversation.send({"event": "need", "k": k})
        while True:
            answer = self._sink.expect("source")
            if answer["k"] == k:
                self._held = (k, self._sink.directory / answer["file"])
                return self._held[1]


def perform(run: Message, conversation: Conversation, family: Any = None) -> None:
    """Do the chunk and report its end. Raises nothing but MemoryError, of which the whole child should die."""
    try:
        done = _step(run, conversation, family)
        conversation.send({"event": "done", **done})
    except Interrupted:
        conversation.send({"event": "interrupted"})
    except PipelineError as error:
        conversation.send(
            {
                "event": "failed",
                "class": error.error_class,
                "code": error.code,
                "detail": error.detail,
                "field": error.field,
                "retryable": error.retryable,
            }
        )
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 – the task boundary: whatever a pipeline raises ends this chunk only
        conversation.send(_unforeseen(error))


def _step(run: Message, conversation: Conversation, family: Any) -> Message:
    pipeline = load_pipeline(run["kind"])
    request = pipeline.Request.model_validate(run["params"])
    sink = ChannelSink(conversation, Path(run["directory"]))
    if run["step"] == "plan":
        return _plan(pipeline, request, run, sink)
    if run["step"] == "work":
        sources = FetchedSources(conversation, sink)
        return _work(pipeline, request, span_of(run["span"]), sources, family=family, sink=sink)
    return _stitch(pipeline, request, sink, FetchedSources(conversation, sink))


def load_pipeline(kind: str) -> Pipeline:
    """The pipeline of a job kind."""
    module, _, name = PIPELINES[kind].partition(":")
    return getattr(importlib.import_module(module), name)()


def _plan(pipeline: Pipeline, request: Any, run: Message, sink: ChannelSink) -> Message:
    source = sink.directory / SOURCE_FILE if run["has_source"] else None
    plan = pipeline.plan(request, source, sink, Limits(**run["limits"]))
    count = 0
    with (sink.directory / PLAN_FILE).open("w", encoding="utf-8", errors="surrogatepass") as lines:
        header = {"header": dict(plan.header), "units_total": plan.units_total, "unit": plan.unit}
        lines.write(json.dumps(header, ensure_ascii=False) + "\n")
        for span in plan.spans:
            lines.write(json.dumps(span_json(span), ensure_ascii=False) + "\n")
            count += 1
            sink.progress(0.0)
    return {"units_total": plan.units_total, "unit": plan.unit, "spans": count}


def _work(
    pipeline: Pipeline, request: Any, span: Span, sources: FetchedSources, *, family: Any, sink: ChannelSink
) -> Message:
    part: Part = pipeline.work(request, span, sources, family, sink)
    part.path.rename(sink.directory / "part")
    return {
        "part": "part",
        "engine_s": part.engine_s,
        "duration_s": part.duration_s,
        "provenance": dict(part.provenance),
        "follow_ups": [{"model": follow.model, "span": span_json(follow.span)} for follow in part.follow_ups],
    }


def _stitch(pipeline: Pipeline, request: Any, sink: ChannelSink, sources: FetchedSources) -> Message:
    with (sink.directory / PLAN_FILE).open(encoding="utf-8", errors="surrogatepass") as plan:
        header = json.loads(next(plan))["header"]
    with (sink.directory / SPANS_FILE).open(encoding="utf-8", errors="surrogatepass") as lines:
        result = pipeline.stitch(request, header, _spans(lines), sources, sink)
    return {"duration_s": result.duration_s, "summary": dict(result.summary)}


def _spans(lines: Iterator[str]) -> Iterator[Span]:
    for line in lines:
        yield span_of(json.loads(line))


def span_json(span: Span) -> Message:
    """A span as the plan file and the chunk's row hold it."""
    return {
        "idx": span.idx,
        "start": span.start,
        "end": span.end,
        "units": span.units,
        "data": dict(span.data),
        "inputs": list(span.inputs),
    }


def span_of(value: Mapping[str, Any]) -> Span:
    """The inverse of `span_json`."""
    return Span(
        idx=value["idx"],
        start=value["start"],
        end=value["end"],
        units=value["units"],
        data=value.get("data", {}),
        inputs=tuple(value.get("inputs", ())),
    )


def _unforeseen(error: Exception) -> Message:
    failed: Message = {"event": "failed", "class": "engine", "code": "internal_error", "field": None, "retryable": True}
    if isinstance(error, ValidationError):
        return failed | {
            "class": "bad_input",
            "code": "bad_input",
            "retryable": False,
            "detail": "The stored request does not fit this version of the server.",
        }
    if isinstance(error, OSError) and error.errno == 27:  # EFBIG: past the sandbox's file size
        return failed | {
            "class": InputTooLarge.error_class,
            "code": InputTooLarge.code,
            "retryable": False,
            "detail": "What this input unfolds to is larger than this server allows.",
        }
    return failed | {
        "detail": f"The engine failed unexpectedly ({type(error).__name__}).",
        "trace": stack_of(error)[-4000:],
    }
