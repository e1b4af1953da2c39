"""The record: what every store of jobs must do. One implementation for Postgres and SQLite: jobs/sql.

Every method is one transaction (or one read). All times come from the database's clock. A database that does not
answer raises `StoreUnavailable`; methods that take a `Claim` are guarded by state *and* fence and raise `LeaseLost`.
Locks are taken in the order job, chunk, everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .job import (
    ApiKey,
    Beat,
    Chunk,
    Claim,
    Commit,
    Delivery,
    DeliveryRecord,
    Endpoint,
    EnrolledVoice,
    Idempotency,
    InputObject,
    Job,
    Json,
    NewJob,
    NewVoice,
    Release,
    WorkerRow,
)
from .states import JobState


@dataclass(frozen=True, slots=True)
class Accepted:
    """The recorded job; `replayed` when an earlier request with the same key made it."""

    job: Job
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class JobPage:
    """Newest first. `next` is the `after` of the following page."""

    jobs: Sequence[Job]
    next: str | None


@dataclass(frozen=True, slots=True)
class Swept:
    """What one pass of the sweeper did, and what it found."""

    rescued: int = 0
    expired: int = 0
    cancelled: int = 0
    idempotency_dropped: int = 0
    #: Queue → bells to send: work that waits although workers are idle, so that its bell must have been lost.
    bells: Mapping[str, int] = field(default_factory=dict)


class Store(Protocol):
    """Jobs, chunks, deliveries, keys and workers."""

    # -- accept and read ---------------------------------------------------------------------------------------------
    def accept(self, new: NewJob, idempotency: Idempotency | None = None) -> Accepted:
        """Record the job and its ready `plan` chunk (queue `cpu`). Raises IdempotencyInFlight, IdempotencyMismatch."""

    def replay(self, tenant_id: str, idempotency: Idempotency) -> Job | None:
        """The job that this key stands for, without making one (to answer before reading an upload twice)."""

    def job(self, tenant_id: str, job_id: str) -> Job:
        """Raises NotFound (also for another tenant's), Deleted."""

    def jobs(
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

    def states(self, job_ids: Sequence[str]) -> Mapping[str, Job]:
        """The watched jobs in one query; `params` may be left empty."""

    def marks(self, job_ids: Sequence[str]) -> Mapping[str, object]:
        """A mark of each watched job, in one light query: equal while nothing that a waiting client sees has changed.

        That is state, units, chunks, end and deletion.
        """

    def chunks(self, job_id: str, *, after_idx: int = -1, limit: int = 1000) -> Sequence[Chunk]:
        """Succeeded work chunks in the order (idx, round), for stitching and partial results."""

    def plan_chunk(self, job_id: str) -> Chunk: ...

    def job_counts(self) -> Mapping[str, int]:
        """Jobs by state, all tenants, for metrics; deleted ones do not count."""

    def queue_depths(self) -> Mapping[str, int]:
        """Ready chunks per queue, for metrics."""

    def open_queues(self, job_id: str) -> Sequence[str]:
        """The queues in which the job has chunks that are ready or running."""

    # -- the life of a chunk -----------------------------------------------------------------------------------------
    def claim(
        self, queues: Sequence[str], worker_id: str, *, lease_ms: int, interactive_only: bool = False
    ) -> Claim | None:
        """The best ready chunk: priority, fewest running chunks of the tenant, age. State running, fence + 1, lease."""

    def beat(self, running: Sequence[Claim], *, lease_ms: int, progress: Mapping[str, float]) -> Mapping[str, Beat]:
        """Extend leases (by chunk id). Progress by chunk id, in units."""

    def commit(self, claim: Claim, commit: Commit) -> Sequence[str]:
        """Chunk succeeded, counters, next chunks, job state, webhook rows. Returns the queues that now have new work.

        Raises LeaseLost; StoreUnavailable when the outcome is unknown, then see `committed`."""

    def committed(self, claim: Claim, key: str) -> bool:
        """After an unknown outcome: did the commit with this fence and result key happen?"""

    def release(self, claim: Claim, release: Release) -> None:
        """Back to ready; past a limit of retry, crash or rescue the chunk fails and its job with it."""

    def fail(self, claim: Claim, error: Json) -> None:
        """The chunk fails for good: job failed, waiting siblings cancelled, webhook rows, in one transaction."""

    def adopt(
        self, claim: Claim, parent_plan: Chunk, copies: Sequence[tuple[Chunk, InputObject]], commit: Commit
    ) -> Sequence[str]:
        """Commit the plan of a retry: `commit.new_chunks` as usual, those among them that `copies` names are
        inserted as succeeded with the copied object."""

    def end_stopped(self, claim: Claim) -> None:
        """A running chunk noticed cancel or deadline and stopped: chunk cancelled, the job ends if none is left."""

    def cancel(self, tenant_id: str, job_id: str) -> Job:
        """Ask for the end: waiting chunks end now, the job too unless a chunk runs. A finished job is unchanged."""

    # -- keeping house -----------------------------------------------------------------------------------------------
    def sweep(self, *, may_rescue: bool, limit: int = 200) -> Swept: ...

    def lead(self, name: str, holder: str, *, term_ms: int) -> bool:
        """Take or renew the row lease `name`."""

    def resign(self, name: str, holder: str) -> None: ...

    def release_installation(self, worker_prefix: str) -> int:
        """Release, uncharged, every lease of workers whose id starts so (a local stack at its start)."""

    def release_worker(self, worker_id: str) -> int:
        """Release, uncharged, what this worker still holds (graceful stop)."""

    def see_worker(self, worker: WorkerRow) -> None:
        """Insert or refresh `workers`; `last_seen` is set to the database's now."""

    def forget_worker(self, worker_id: str) -> None: ...

    def live_workers(self, *, within_s: float = 60.0) -> Sequence[WorkerRow]: ...

    def audit(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Invariant name ("01_…" to "16_…") → violating rows (at most 20 each); all empty when all is well.

        Not here: whether objects exist (see `objects`), and 14, the bells, which the broker counts."""

    def now_ms(self) -> int: ...

    def objects(self, *, after: str = "", limit: int = 100) -> Sequence[tuple[str, Sequence[InputObject]]]:
        """What the storage must hold: (job, its objects) for succeeded jobs not deleted, in the order of ids."""

    def installation_id(self) -> str:
        """Made at migration; the storage's marker object must carry the same."""

    # -- deletion ----------------------------------------------------------------------------------------------------
    def mark_deleted(self, tenant_id: str, job_id: str) -> Job:
        """Cancel and set `deleted_at`. Objects go next, then `blank`."""

    def due_for_deletion(self, limit: int = 50) -> Sequence[Job]:
        """Deleted jobs whose objects may still be there; ended jobs past `delete_at` are marked deleted first."""

    def blank(self, job_id: str) -> None:
        """Empty a deleted job's input, parameters and result and drop its chunks; the tombstone stays.

        While one of its chunks runs the job stays due, because that chunk may still store something."""

    # -- webhooks ----------------------------------------------------------------------------------------------------
    def claim_delivery(self, worker_id: str, *, lease_ms: int) -> Delivery | None: ...

    def finish_delivery(
        self, delivery: Delivery, *, status: int | None, error: str | None, next_at_ms: int | None, disable: bool
    ) -> None:
        """`next_at_ms` None and no error = delivered; None with an error = given up; else a delay from now.

        `disable` switches the endpoint off and gives up what waits for it. Raises LeaseLost."""

    def rotate_default_secret(self, tenant_id: str) -> str:
        """The tenant's new default webhook secret, `whsec_…`, returned this once."""

    def create_endpoint(self, tenant_id: str, url: str, events: Sequence[str]) -> tuple[Endpoint, str]:
        """A new endpoint and its secret `whsec_…`, which is shown this once. `events` () = all."""

    def endpoints(self, tenant_id: str) -> Sequence[Endpoint]:
        """Oldest first; ad hoc ones too."""

    def endpoint(self, tenant_id: str, endpoint_id: str) -> Endpoint:
        """Raises NotFound."""

    def update_endpoint(
        self,
        tenant_id: str,
        endpoint_id: str,
        *,
        url: str | None = None,
        events: Sequence[str] | None = None,
        enabled: bool | None = None,
    ) -> Endpoint:
        """Change what is not None. Raises NotFound."""

    def delete_endpoint(self, tenant_id: str, endpoint_id: str) -> None:
        """Its waiting deliveries are given up. Raises NotFound."""

    def rotate_endpoint_secret(self, tenant_id: str, endpoint_id: str) -> str:
        """Raises NotFound; Conflict for an ad hoc endpoint, which has no secret of its own."""

    def test_endpoint(self, tenant_id: str, endpoint_id: str) -> DeliveryRecord:
        """Queue a delivery of type `webhook.test`. Raises NotFound."""

    def deliveries(
        self, tenant_id: str, endpoint_id: str, *, limit: int = 20, after: str | None = None
    ) -> Sequence[DeliveryRecord]:
        """Newest first, from behind the delivery `after`. Raises NotFound."""

    def redeliver(self, tenant_id: str, delivery_id: str) -> DeliveryRecord:
        """Send it again, now, from the first slot, under the same id. Raises NotFound."""

    # -- voices ------------------------------------------------------------------------------------------------------
    def add_voice(self, new: NewVoice) -> EnrolledVoice:
        """Record a voice whose recording is stored. The consent counts from now."""

    def voice(self, tenant_id: str, voice_id: str) -> EnrolledVoice:
        """Raises NotFound (also for another tenant's)."""

    def voices(self, tenant_id: str) -> Sequence[EnrolledVoice]:
        """Oldest first."""

    def delete_voice(self, tenant_id: str, voice_id: str) -> None:
        """Its objects have gone before. Raises NotFound."""

    def voice_objects(self, *, after: str = "", limit: int = 100) -> Sequence[tuple[str, Sequence[InputObject]]]:
        """What the storage must hold: (voice, its objects), in the order of ids."""

    # -- keys --------------------------------------------------------------------------------------------------------
    def create_key(
        self, tenant_id: str, name: str, scopes: Sequence[str], *, expires_in_s: float | None = None
    ) -> tuple[ApiKey, str]:
        """The row and the secret `vm_<id>_<secret>`, which is shown this once."""

    def key_for(self, secret: str) -> ApiKey | None:
        """The live key of this secret, compared in constant time; refreshes `last_used_at` at most once a minute."""

    def keys(self, tenant_id: str) -> Sequence[ApiKey]: ...

    def revoke_key(self, tenant_id: str, key_id: str) -> None: ...

    def ensure_tenant(self, tenant_id: str) -> None: ...


#: Job fields that a client may sort or filter by state.
STATE_NAMES = tuple(state.value for state in JobState)
