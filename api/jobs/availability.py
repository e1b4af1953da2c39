"""Whether a live worker serves what a job needs next."""

from __future__ import annotations

from collections.abc import Sequence

from api.services import Services
from jobs.job import Job
from jobs.states import JobState
from pipelines.catalog.catalog import Catalog
from pipelines.catalog.job_kinds import PIPELINES
from pipelines.errors import UnsupportedOption

#: Options for which some chunks of a job go to other models than its own.
_MULTI_MODEL_OPTIONS = ("retry_models", "diarize", "verify")


def has_worker(services: Services, job: Job) -> bool:
    """True for jobs that are not running: `progress.stage` says nothing of their workers. Raises StoreUnavailable."""
    if job.state is not JobState.RUNNING:
        return True
    queues = _queues(services, job)
    return not queues or any(services.workers.serving(queue) for queue in queues)


def _queues(services: Services, job: Job) -> Sequence[str]:
    """The queues of the job's open chunks. Read from the database only for jobs that may use several models."""
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
