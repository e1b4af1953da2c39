"""Jobs: submitted, read, cancelled, deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from jobs.chunk import Chunk
from jobs.job import Idempotency, Job, NewJob


@dataclass(frozen=True, slots=True)
class SubmittedJob:
    """The recorded job; `replayed` when an earlier request with the same key submitted it."""

    job: Job
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class JobPage:
    """Newest first. `next` is the `after` of the following page."""

    jobs: Sequence[Job]
    next: str | None


class JobStore(Protocol):
    """See jobs/store/store.py for what holds for every method."""

    def submit(self, new: NewJob, idempotency: Idempotency | None = None) -> SubmittedJob:
        """Record the job and its ready `plan` chunk (queue `cpu`). Raises IdempotencyInFlight, IdempotencyMismatch."""

    def find_replay(self, tenant_id: str, idempotency: Idempotency) -> Job | None:
        """The job that this key stands for, without submitting one (to answer before an upload is read twice)."""

    def get(self, tenant_id: str, job_id: str) -> Job:
        """Raises NotFound (also for another tenant's), Deleted."""

    def list(
        self,
        tenant_id: str,
        *,
        state: str | None = None,
        kind: str | None = None,
        batch_id: str | None = None,
        labels: Mapping[str, str] | None = None,
        limit: int = 20,
        after: str | None = None,
    ) -> JobPage: ...

    def get_many(self, job_ids: Sequence[str]) -> Mapping[str, Job]:
        """The watched jobs in one query; `params` may be left empty."""

    def versions(self, job_ids: Sequence[str]) -> Mapping[str, object]:
        """A version of each watched job, in one cheap query: equal while a waiting client sees no change.

        That is state, units, chunks, end and deletion.
        """

    def finished_chunks(self, job_id: str, *, after_idx: int = -1, limit: int = 1000) -> Sequence[Chunk]:
        """Succeeded work chunks in the order (idx, round), for stitching and partial results."""

    def plan_chunk(self, job_id: str) -> Chunk: ...

    def active_queues(self, job_id: str) -> Sequence[str]:
        """The queues in which the job has chunks that are ready or running."""

    def count_by_state(self) -> Mapping[str, int]:
        """Jobs by state, all tenants, for metrics; deleted ones do not count."""

    def cancel(self, tenant_id: str, job_id: str) -> Job:
        """Request the end: waiting chunks end now, the job too unless a chunk runs. A finished job stays unchanged."""

    def delete(self, tenant_id: str, job_id: str) -> Job:
        """Cancel and set `deleted_at`. Objects go next, then `purge`."""
