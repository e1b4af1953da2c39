"""The catalogue as its schema: the capabilities of each model, and its state in the live workers."""

from __future__ import annotations

from collections.abc import Sequence

from api.services import Services
from jobs.job import Json
from jobs.worker import ModelState, WorkerRow
from pipelines.catalog.emotions import supported_emotions
from pipelines.catalog.entry import Entry, SynthesisEntry

from .live_workers import model_state, model_status
from .schemas import EngineCandidate, ModelBody, ModelList
from .selection import start_command

#: Best first: a model has the best state that any worker reports.
_STATES = (
    ModelState.WARM,
    ModelState.READY,
    ModelState.LOADING,
    ModelState.DOWNLOADING,
    ModelState.FAILED,
    ModelState.ABSENT,
)


def model_list(services: Services, *, kind: str | None = None, for_operator: bool = False) -> ModelList:
    """All models of a kind, or of all. `for_operator`: with the commands that start them. Raises StoreUnavailable."""
    rows = services.workers.rows()
    entries = [entry for entry in services.catalog if kind is None or entry.kind == kind]
    return ModelList(data=[_model(entry, rows, for_operator=for_operator) for entry in entries])


def _model(entry: Entry, rows: Sequence[WorkerRow], *, for_operator: bool) -> ModelBody:
    states = [(model_state(row, entry), row) for row in rows]
    state = min((reported for reported, _ in states), key=_STATES.index, default=ModelState.ABSENT)
    able = [row for reported, row in states if reported.is_able]
    statuses = [model_status(row, entry) for row in able]
    memory = [status.memory_bytes for status in statuses if status.memory_bytes is not None]
    loaded = [status.loaded for status in statuses if status.loaded is not None]
    selection: Json = next((each.selection for each in loaded if each.selection), {})
    candidates = [EngineCandidate(**candidate) for candidate in selection.get("candidates", ())]
    return ModelBody(
        name=entry.name,
        kind=entry.kind,
        family=entry.family,
        languages=list(entry.languages),
        engines=list(entry.engines),
        engine=next((each.engine for each in loaded), None),
        engine_error=candidates[-1].error if candidates else None,
        engine_warning=selection.get("warning") or None,
        engine_candidates=candidates,
        state=state,
        workers=len(able),
        memory_bytes=sum(memory) if memory else None,
        sample_rate_hz=entry.sample_rate_hz,
        auto=entry.auto,
        emotions=list(supported_emotions(entry)) if isinstance(entry, SynthesisEntry) else [],
        install=start_command(entry) if for_operator and not able else None,
    )
