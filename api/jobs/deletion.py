"""Deletion of a job with its inputs, parts and results."""

from __future__ import annotations

import structlog

from api.services import Services
from jobs.errors import Misconfigured, StorageUnavailable, Unavailable
from jobs.job import Job
from jobs.storage.object_keys import job_prefix
from jobs.storage.ownership import require_own_storage

log = structlog.get_logger("api")


def check_storage_owner(services: Services) -> None:
    """Call this before anything is deleted. Raises StorageUnavailable where the storage belongs to another database.

    A database that was restored from a backup must not delete what a newer one has written.
    """
    try:
        require_own_storage(services.storage, services.store.maintenance.installation_id())
    except Misconfigured as error:
        log.error("delete_refused", reason=error.detail)
        raise StorageUnavailable("Nothing can be deleted at the moment; the operator knows why.") from error


def delete_job(services: Services, job: Job) -> None:
    """Mark the job as deleted, then remove its objects. Raises StoreUnavailable where it could not be marked."""
    deleted = services.store.jobs.delete(job.tenant_id, job.id)
    try:
        services.storage.delete_prefix(job_prefix(deleted.tenant_id, deleted.id))
        services.store.maintenance.purge(deleted.id)
    except Unavailable:
        pass  # the job is marked: the sweeper removes the rest, and what a running chunk still writes
