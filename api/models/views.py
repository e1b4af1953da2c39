"""The catalogue as the outside sees it: what each model can do and where it runs now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.http.schemas import EngineCandidate, ModelBody, ModelList, ModelState
from api.wiring import Services
from jobs.job import WorkerRow
from pipelines.catalog.emotions import emotions_of
from pipelines.catalog.entry import Entry

from .live_workers import described, model_state
from .selection import install_line

#: Best first: what one worker has warm is warm, whatever the others say.
_BEST: tuple[ModelState, ...] = ("warm", "ready", "loading", "downloading", "failed", "absent")


def model_list(services: Services, *, kind: str | None = None) -> ModelList:
    """All models of a kind, or of all. Raises StoreUnavailable."""
    rows = services.workers.rows()
    return ModelList(data=[_model(entry, rows) for entry in services.catalog if kind is None or entry.kind == kind])


def _model(entry: Entry, rows: Sequence[WorkerRow]) -> ModelBody:
    states = [(model_state(row, entry), row) for row in rows]
    state = next((best for best in _BEST if any(best == said for said, _ in states)), "absent")
    able = [row for found, row in states if found in {"warm", "ready"}]
    telling = [described(row, entry) for row in able]
    memory = [int(tells["memory_bytes"]) for tells in telling if tells.get("memory_bytes") is not None]
    selection: Mapping[str, Any] = next((tells["selection"] for tells in telling if tells.get("selection")), {})
    candidates = [EngineCandidate(**candidate) for candidate in selection.get("candidates", ())]
    return ModelBody(
        name=entry.name,
        kind=entry.kind,
        family=entry.family,
        languages=list(entry.languages),
        engines=list(entry.engines),
        engine=next((str(tells["engine"]) for tells in telling if tells.get("engine")), None),
        engine_error=candidates[-1].error if candidates else None,
        engine_warning=selection.get("warning") or None,
        engine_candidates=candidates,
        state=state,
        workers=len(able),
        memory_bytes=sum(memory) if memory else None,
        sample_rate_hz=entry.sample_rate_hz,
        auto=entry.auto,
        emotions=list(emotions_of(entry)) if entry.kind == "tts" else [],
        install=install_line(entry) if not able else None,
    )
