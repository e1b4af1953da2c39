"""Which workers a job needs next, and which of them nobody runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.services import Services
from jobs.job import Job
from jobs.states import CPU_QUEUE, JobState
from pipelines.catalog.catalog import Catalog
from pipelines.catalog.job_kinds import PIPELINES
from pipelines.errors import UnsupportedOption

from .schemas import MissingWorker

#: Options for which some chunks of a job go to other models than its own.
_MULTI_MODEL_OPTIONS = ("retry_models", "diarize", "verify")
#: Fields that name these models.
_HELPER_MODELS = ("retry_models", "verify_model", "speaker_model")


@dataclass(frozen=True, slots=True)
class Availability:
    """The queues of what a job does next that no live worker serves. `is_waiting`: there is no other."""

    missing: Sequence[MissingWorker] = ()
    is_waiting: bool = False


def find_availability(services: Services, job: Job) -> Availability:
    """Nothing is missing for ended jobs. Raises StoreUnavailable."""
    needed = _queues(services, job)
    missing = [queue for queue in needed if not services.workers.serving(queue)]
    return Availability(
        [_missing_worker(services.catalog, job, queue) for queue in missing],
        is_waiting=bool(missing) and len(missing) == len(needed),
    )


def _queues(services: Services, job: Job) -> Sequence[str]:
    """The queues of the job's open chunks. Read from the database only for jobs that may use several models."""
    if job.state.is_terminal:
        return []
    if job.state is not JobState.RUNNING:
        return [CPU_QUEUE]  # the plan, or the stitch
    if any((job.params or {}).get(name) for name in _MULTI_MODEL_OPTIONS):
        return services.store.jobs.active_queues(job.id)
    queue = _model_queue(services.catalog, job)
    return [queue] if queue is not None else []


def _model_queue(catalog: Catalog, job: Job) -> str | None:
    """The queue of the job's model; None where the catalogue no longer has the model."""
    try:
        return catalog.get(job.model, PIPELINES[job.kind].model_kind).queue
    except UnsupportedOption:
        return None


def _missing_worker(catalog: Catalog, job: Job, queue: str) -> MissingWorker:
    return MissingWorker(queue=queue, family=queue.rpartition(".")[2], model=_model_of(catalog, job, queue))


def _model_of(catalog: Catalog, job: Job, queue: str) -> str | None:
    """The model of the job that runs in this queue; None where the job names none."""
    named = [job.model]
    for field in _HELPER_MODELS:
        value = (job.params or {}).get(field) or ()
        named += [value] if isinstance(value, str) else value
    return next((name for name in named if catalog.knows(name) and catalog.named(name).queue == queue), None)
