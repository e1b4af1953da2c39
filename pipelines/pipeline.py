"""The interface of a job kind: plan, work and stitch, and the values that pass between them.

Knows nothing of jobs, queues or buckets: files of one chunk come in as paths, files go out through a `Sink`. The caller
(workers/engines, in a child process) decides where the files are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class Span:
    """A range of the input, processed by one chunk.

    `start` and `end` are positions in the input, in the job's unit (characters of text, seconds of audio);
    spans of a round are ordered, disjoint and have `idx` without gaps. `units` is what the span adds to progress.
    """

    idx: int
    start: float
    end: float
    units: float
    #: JSON for the pipeline only: the sentences to synthesise, the windows to transcribe.
    data: Mapping[str, Any] = field(default_factory=dict)
    #: Names of files that `plan` put into its sink and that `work` reads, in order.
    inputs: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A further chunk in another family's queue, requested by a part: for doubtful windows, or for verification.

    Its sources are the inputs of the chunk that requests it, then the parts of all rounds before.
    """

    model: str
    span: Span


@dataclass(frozen=True, slots=True)
class Plan:
    """The division of a job into spans. `header` (title, chapters, language …) goes to `stitch`, never to `work`."""

    header: Mapping[str, Any]
    units_total: float
    unit: str  # "characters" or "seconds"
    spans: Iterable[Span]


@dataclass(frozen=True, slots=True)
class Part:
    """The result of one chunk: one file, and the follow-up chunks that it requests."""

    path: Path
    follow_ups: Sequence[FollowUp] = ()
    #: Seconds from the first request to the engine to its last result. Where runs share an engine, `usage.engine_s` is
    #: measured there (workers/engines/engine_time.py): here it would count the time that others were served.
    engine_s: float = 0.0
    #: Exact model revision and engine.
    provenance: Mapping[str, str] = field(default_factory=dict)
    #: Seconds that it adds to the result; None where the duration of a result is not the sum of its parts.
    duration_s: float | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """The job's `result`; its files went through the sink."""

    duration_s: float
    summary: Mapping[str, Any] = field(default_factory=dict)  # language, quality, …


class Sink(Protocol):
    """Takes files and progress of a pipeline. Files are written under `directory`, then put by name."""

    @property
    def directory(self) -> Path:
        """Scratch directory of the step."""

    def put(self, name: str, path: Path, *, content_type: str = "application/octet-stream") -> None:
        """Store a finished file under `name`; the sink removes `path`, so that disk use stays flat."""

    def progress(self, done: float, total: float | None = None) -> None:
        """Report the progress of this chunk, in the job's unit; also a sign of life for the watchdog.

        Raises `StepInterrupted` when the chunk has been cancelled or released.
        """


class StepInterrupted(Exception):
    """The chunk was cancelled or released while it ran: its result is not needed."""


#: Path of the k-th source, fetched on the call and removed on the next call.
Sources = Callable[[int], Path]


class Pipeline(Protocol):
    """A job kind. Deterministic: the same input and request give the same spans and parts."""

    Request: type[BaseModel]

    def plan(self, request: Any, source: Path | None, sink: Sink, limits: Limits) -> Plan:
        """Divide the input into spans.

        `source` is the user's upload, or None where the request has the input. The recordings of `request.references`
        are in `sink.directory`, each under the id of its voice. Runs in the sandboxed CPU child. Spans may be a
        generator: the caller stores them as they come.
        """

    def work(self, request: Any, span: Span, sources: Sources, family: Any, sink: Sink) -> Part:
        """Process one span with a loaded model. A repetition, after a crash, must give the same part."""

    def stitch(
        self, request: Any, header: Mapping[str, Any], spans: Iterable[Span], parts: Sources, sink: Sink
    ) -> Result:
        """Join the parts in order, in flat memory.

        `spans` streams all rounds in the order (idx, round); `parts(k)` is the part of the k-th span of that stream. A
        later round replaces the part of the same idx. Runs in the sandboxed CPU child.
        """


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of the server (jobs/settings.py), and properties of the model that `plan` depends on."""

    text_characters: int = 20_000_000
    audio_seconds: float = 24 * 3600
    #: Decompressed bytes of a zipped document, and as a multiple of its own size.
    unpacked_bytes: int = 400_000_000
    unpack_ratio: int = 100
    #: Speed of the model, in seconds of audio per second.
    speed: float = 1.0
    #: Characters in a synthesis chunk, from the catalogue.
    chunk_characters: int = 800
    #: Seconds in a recognition chunk.
    chunk_seconds: float = 300.0
    #: Sample rate of the voice, Hz.
    sample_rate_hz: int = 22_050
    #: Voice activity detector, from the catalogue: a name in pipelines.audio.vad.DETECTORS.
    vad: str = "silero"
