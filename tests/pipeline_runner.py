"""Runs a pipeline in this process, with files in a directory; no queue, no storage, no child processes."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipelines.catalog.catalog import Catalog
from pipelines.catalog.entry import Entry
from pipelines.catalog.job_kinds import PIPELINES
from pipelines.pipeline import Limits, Part, Plan, Result, Span
from pipelines.requests import parse


class DirectorySink:
    """A `Sink` that moves its files to `out` and records all progress reports."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.out = root / "out"
        self.reports: list[tuple[float, float | None]] = []
        self.content_types: dict[str, str] = {}
        self.out.mkdir(parents=True, exist_ok=True)

    @property
    def directory(self) -> Path:
        """Scratch of this process; a run may be passed to several processes."""
        scratch = self.root / f"work-{os.getpid()}"
        scratch.mkdir(exist_ok=True)
        return scratch

    def put(self, name: str, path: Path, *, content_type: str = "application/octet-stream") -> None:
        path.rename(self.out / name)
        self.content_types[name] = content_type

    def progress(self, done: float, total: float | None = None) -> None:
        self.reports.append((done, total))


def load_family(entry: Entry) -> Any:
    """The family object of a catalogue entry, on the CPU."""
    module, _, name = entry.target.partition(":")
    return getattr(importlib.import_module(module), name)(entry, "cpu")


@dataclass
class PipelineRun:
    """Plan, work and stitch of one job."""

    kind: str
    root: Path
    params: dict[str, Any] = field(default_factory=dict)
    limits: dict[str, Any] = field(default_factory=dict)
    #: Spans of all rounds and their part files, in the order of processing.
    done: list[tuple[Span, Path]] = field(default_factory=list)
    #: The durations of these parts, for those that name one.
    durations_s: list[float] = field(default_factory=list)
    #: Provenance of all parts; the first value of each key stays, as in the store.
    provenance: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.pipeline = PIPELINES[self.kind].load()
        self.request = parse(self.kind, self.params)
        self.entry = Catalog().get(self.request.model, self.kind[:3])
        self.sink = DirectorySink(self.root)

    def plan(self, source: Path | None) -> Plan:
        """The plan with a list of spans, encoded to JSON and decoded again as between processes."""
        chunk_characters = Limits().chunk_characters
        limits = replace(self.entry.apply_to(Limits()), **{"chunk_characters": chunk_characters, **self.limits})
        plan = self.pipeline.plan(self.request, source, self.sink, limits)
        spans = [
            Span(span.idx, span.start, span.end, span.units, json.loads(json.dumps(span.data)), tuple(span.inputs))
            for span in plan.spans
        ]
        return Plan(json.loads(json.dumps(plan.header)), plan.units_total, plan.unit, spans)

    @property
    def parts(self) -> list[Path]:
        """The part files in the order (idx, round)."""
        return [path for _, path in self._ordered()]

    def work(self, span: Span, family: Any) -> Part:
        """Process one span and keep its part file. Its sources are its inputs, then the parts of earlier rounds."""
        sources = [self.sink.out / name for name in span.inputs]
        sources += [path for earlier, path in self.done if earlier.idx == span.idx]
        part = self.pipeline.work(self.request, span, sources.__getitem__, family, self.sink)
        kept = self.sink.out / f"part-{span.idx}-{len(sources)}"
        part.path.rename(kept)
        self.done.append((span, kept))
        self.provenance = {**part.provenance, **self.provenance}
        self.durations_s += [part.duration_s] if part.duration_s is not None else []
        return part

    def work_all(self, plan: Plan, family: Any = None, others: Mapping[str, Any] | None = None) -> None:
        """Process all spans and follow-ups. `others`: families by model name; a model that is not in it is loaded."""
        families = {self.entry.name: family or load_family(self.entry), **(others or {})}
        waiting = [(self.entry.name, span) for span in plan.spans]
        for name, span in waiting:  # follow-ups are appended
            if name not in families:
                families[name] = load_family(self._find_entry(name))
            part = self.work(span, families[name])
            waiting += [(follow.model, follow.span) for follow in part.follow_ups]

    def _find_entry(self, name: str) -> Entry:
        catalog = Catalog()
        return catalog.named(name) if catalog.knows(name) else catalog.get(name, self.kind[:3])

    def stitch(self, plan: Plan) -> Result:
        """The result; its files are in `sink.out`."""
        spans = [span for span, _ in self._ordered()]
        return self.pipeline.stitch(self.request, plan.header, iter(spans), self.parts.__getitem__, self.sink)

    def run_all(self, source: Path | None, family: Any = None, others: Mapping[str, Any] | None = None) -> Result:
        """Plan, work and stitch."""
        plan = self.plan(source)
        self.work_all(plan, family, others)
        return self.stitch(plan)

    def _ordered(self) -> list[tuple[Span, Path]]:
        return sorted(self.done, key=lambda done: done[0].idx)  # a stable sort keeps the order of rounds

    def read_text(self, name: str) -> str:
        """The content of a text file of the result."""
        return (self.sink.out / name).read_text(encoding="utf-8")
