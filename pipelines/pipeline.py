"""The three functions that every job kind is made of, and the values that pass between them.

Knows nothing of jobs, queues or buckets: files of one chunk come in as paths, files go out through a `Sink`.
Whoever calls (workers/engines/process.py, or framework/inference.py in process) decides where those files live.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class Span:
    """One piece of the input, done by one work chunk.

    `start` and `end` are positions in the input, in the job's unit (characters of text, seconds of audio);
    spans of a round are ordered, disjoint and have `idx` without gaps. `units` is what the span adds to progress.
    """

    idx: int
    start: float
    end: float
    units: float
    #: JSON for the pipeline alone: the sentences to speak, the windows to recognise.
    data: Mapping[str, Any] = field(default_factory=dict)
    #: Names of files that `plan` wrote to its sink and that `work` needs, in order.
    inputs: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A further chunk in another family's queue, asked for by a part (an unsure window, a spoken chunk to be heard).

    Its sources are the inputs of the chunk that asks, then that chunk's own part file.
    """

    model: str
    span: Span


@dataclass(frozen=True, slots=True)
class Plan:
    """How a job is divided. `header` (title, chapters, language …) is handed to `stitch`, never to `work`."""

    header: Mapping[str, Any]
    units_total: float
    unit: str  # "characters" or "seconds"
    spans: Iterable[Span]


@dataclass(frozen=True, slots=True)
class Part:
    """What one chunk produced: one file, plus the follow-up chunks that it asks for."""

    path: Path
    follow_ups: Sequence[FollowUp] = ()
    #: Seconds that the engine itself worked, for `usage.engine_s`.
    engine_s: float = 0.0
    #: Exact model revision and engine, for the job's provenance.
    provenance: Mapping[str, str] = field(default_factory=dict)
    #: Seconds that it adds to the result; unset where a result is not as long as its parts together.
    duration_s: float | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """The end of a job: numbers for the job's `result`; the files went through the sink."""

    duration_s: float
    summary: Mapping[str, Any] = field(default_factory=dict)  # language, quality, …


class Sink(Protocol):
    """Where a pipeline puts files and news. Files are written under `directory`, then handed over by name."""

    directory: Path

    def put(self, name: str, path: Path, *, content_type: str = "application/octet-stream") -> None:
        """Hand over a finished file; the receiver stores it and removes `path`, so that disk use stays flat."""

    def progress(self, done: float, total: float | None = None) -> None:
        """Say how far this chunk is, in the job's unit; also tells the watchdog that we are alive.

        Raises `Interrupted` when the chunk was cancelled meanwhile.
        """


class Interrupted(Exception):
    """The chunk was cancelled or released while it ran; unwind and forget it."""


#: Path of the k-th source, fetched when it is asked for and not before. Removed when the next one is asked for.
Sources = Callable[[int], Path]


class Pipeline(Protocol):
    """One per job kind. Deterministic: the same input and request give the same spans and parts."""

    Request: type[BaseModel]

    def plan(self, request: Any, source: Path | None, sink: Sink, limits: Limits) -> Plan:
        """Divide the input. `source` is the user's upload, or None when all is in the request; recordings that its
        `references` name lie in `sink.directory`, each under its voice.

        Runs in the sandboxed cpu child. Spans may be a generator: the caller writes them as they come.
        """

    def work(self, request: Any, span: Span, sources: Sources, family: Any, sink: Sink) -> Part:
        """Do one span with a warm model. May be repeated after a crash; must give the same part."""

    def stitch(
        self, request: Any, header: Mapping[str, Any], spans: Iterable[Span], parts: Sources, sink: Sink
    ) -> Result:
        """Join the parts in order, in flat memory. `spans` streams all rounds in the order (idx, round);
        `parts(k)` is the part of the k-th span of that stream. A later round refines the same idx.
        Runs in the cpu child."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server takes; settings in jobs/settings.py, defaults here."""

    text_characters: int = 20_000_000
    audio_seconds: float = 24 * 3600
    #: Bytes that a zipped document may unfold to, and how many times its own size.
    unpacked_bytes: int = 400_000_000
    unpack_ratio: int = 100
    #: Speed of the family that will do the work, in seconds of audio per second; sizes the chunks.
    speed: float = 1.0
    #: Characters in a speech chunk, from the catalogue.
    chunk_characters: int = 800
    #: Seconds in a recognition chunk.
    chunk_seconds: float = 300.0
    #: Sample rate of the voice that will speak, Hz.
    sample_rate_hz: int = 22_050
    #: How speech is found in a recording, from the catalogue: a name of pipelines.audio.vad.DETECTORS.
    vad: str = "silero"
