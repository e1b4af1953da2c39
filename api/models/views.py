"""The catalogue as its schema: the capabilities of each model, and its state in the live workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.services import Services
from jobs.worker import WorkerRow
from pipelines.catalog.emotions import supported_emotions
from pipelines.catalog.entry import Entry, SynthesisEntry

from .live_workers import model_info, model_state
from .schemas import EngineCandidate, ModelBody, ModelList, ModelState
from .selection import install_command

#: Best first: a model has the best state that any worker reports.
_STATES: tuple[ModelState, ...] = ("warm", "ready", "loading", "downloading", "failed", "absent")


def model_list(services: Services, *, kind: str | None = None) -> ModelList:
    """All models of a kind, or of all. Raises StoreUnavailable."""
    rows = services.workers.rows()
    return ModelList(data=[_model(entry, rows) for entry in services.catalog if kind is None or entry.kind == kind])


def _model(entry: Entry, rows: Sequence[WorkerRow]) -> ModelBody:
    states = [(model_state(row, entry), row) for row in rows]
    state = next((state for state in _STATES if any(state == reported for reported, _ in states)), "absent")
    able = [row for reported, row in states if reported in {"warm", "ready"}]
    infos = [model_info(row, entry) for row in able]
    memory = [int(info["memory_bytes"]) for info in infos if info.get("memory_bytes") is not None]
    selection: Mapping[str, Any] = next((info["selection"] for info in infos if info.get("selection")), {})
    candidates = [EngineCandidate(**candidate) for candidate in selection.get("candidates", ())]
    return ModelBody(
        name=entry.name,
        kind=entry.kind,
        family=entry.family,
        languages=list(entry.languages),
        engines=list(entry.engines),
        engine=next((str(info["engine"]) for info in infos if info.get("engine")), None),
        engine_error=candidates[-1].error if candidates else None,
        engine_warning=selection.get("warning") or None,
        engine_candidates=candidates,
        state=state,
        workers=len(able),
        memory_bytes=sum(memory) if memory else None,
        sample_rate_hz=entry.sample_rate_hz,
        auto=entry.auto,
        emotions=list(supported_emotions(entry)) if isinstance(entry, SynthesisEntry) else [],
        install=install_command(entry) if not able else None,
    )
