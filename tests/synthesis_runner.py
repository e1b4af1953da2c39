"""Runs plan, work and stitch of a synthesis request in this process, with the family that a test gives.

`tests/pipeline_runner.py` does the same for a request by its job kind and model name.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.pipeline import Limits, Plan, Result, Span
from pipelines.requests import SynthesisRequest
from pipelines.tts.synthesis import Synthesis
from tests.pipeline_runner import DirectorySink


@dataclass
class SynthesisRun:
    """What the three steps of a job returned."""

    plan: Plan
    spans: list[Span]
    parts: list[Path]
    result: Result
    sink: DirectorySink

    def file(self, name: str) -> Path:
        """The path of a result file."""
        return self.sink.out / name


def run_synthesis(
    root: Path, family: Any, request: SynthesisRequest, source: Path | None = None, limits: Limits | None = None
) -> SynthesisRun:
    """Plan, work and stitch one request under `root`, which must be empty or new."""
    pipeline = Synthesis()
    limits = limits or Limits(chunk_characters=family.entry.chunk_characters)
    plan = pipeline.plan(request, source, DirectorySink(root / "plan"), limits)
    spans = list(plan.spans)
    parts = []
    for span in spans:
        part = pipeline.work(request, span, _no_sources, family, DirectorySink(root / f"work-{span.idx}"))
        parts.append(part.path)
    sink = DirectorySink(root / "stitch")
    result = pipeline.stitch(request, plan.header, iter(spans), parts.__getitem__, sink)
    return SynthesisRun(plan, spans, parts, result, sink)


def _no_sources(index: int) -> Path:
    raise AssertionError("this synthesis needs no input files")
