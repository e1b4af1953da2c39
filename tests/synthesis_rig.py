"""Runs the three functions of a pipeline in process, with directories for sinks: what a worker does, without one."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.pipeline import Limits, Plan, Result, Span
from pipelines.requests import SynthesisRequest
from pipelines.tts.synthesis import Synthesis


@dataclass
class DirectorySink:
    """Keeps what is put into it beside its working directory."""

    directory: Path
    kept: Path
    content_types: dict[str, str] = field(default_factory=dict)

    @classmethod
    def under(cls, root: Path, name: str) -> DirectorySink:
        directory, kept = root / name / "scratch", root / name / "kept"
        directory.mkdir(parents=True)
        kept.mkdir()
        return cls(directory, kept)

    def put(self, name: str, path: Path, *, content_type: str = "application/octet-stream") -> None:
        shutil.move(path, self.kept / name)
        self.content_types[name] = content_type

    def progress(self, done: float, total: float | None = None) -> None:
        pass


@dataclass
class Run:
    """All that a job gave."""

    plan: Plan
    spans: list[Span]
    parts: list[Path]
    result: Result
    sink: DirectorySink

    def file(self, name: str) -> Path:
        return self.sink.kept / name


def speak(
    root: Path, family: Any, request: SynthesisRequest, source: Path | None = None, limits: Limits | None = None
) -> Run:
    """Plan, work and stitch one request under `root`, which must be empty or new."""
    pipeline = Synthesis()
    limits = limits or Limits(chunk_characters=family.entry.chunk_characters)
    plan = pipeline.plan(request, source, DirectorySink.under(root, "plan"), limits)
    spans = list(plan.spans)
    parts = []
    for span in spans:
        part = pipeline.work(request, span, _no_sources, family, DirectorySink.under(root, f"work-{span.idx}"))
        parts.append(part.path)
    sink = DirectorySink.under(root, "stitch")
    result = pipeline.stitch(request, plan.header, iter(spans), parts.__getitem__, sink)
    return Run(plan, spans, parts, result, sink)


def _no_sources(index: int) -> Path:
    raise AssertionError("speech needs no files")
