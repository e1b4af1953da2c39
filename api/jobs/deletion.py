"""Deleting a job with all that it holds: its input, its parts and its result. The storage was checked to be ours."""

from __future__ import annotations

from api.wiring import Services
from jobs.errors import Unavailable
from jobs.job import Job
from jobs.storage.object_keys import job_prefix


def forget_job(services: Services, job: Job) -> None:
    """Its record becomes a tombstone at once. Raises StoreUnavailable where that could not be written."""
    gone = services.store.mark_deleted(job.tenant_id, job.id)
    try:
        services.storage.delete_prefix(job_prefix(gone.tenant_id, gone.id))
        services.store.blank(gone.id)
    except Unavailable:
        pass  # the record says so already: the sweeper removes the rest, as what a running chunk still writes
