"""Maintenance of the database: sweeps, their leader, purges, the audit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from jobs.job import Job
from jobs.stored_object import StoredBytes

#: The names that `Maintenance.audit` answers with (docs/explanation/reliability.md).
AUDITED_INVARIANTS = (
    "01_every_known_id_has_its_row",
    "02_an_open_job_has_an_open_chunk",
    "03_an_ended_job_does_not_change",
    "04_finished_means_ended",
    "05_running_means_owned",
    "06_a_chunk_succeeds_once",
    "07_fences_only_rise",
    "08_counters_are_sums",
    "09_success_names_its_objects",
    "10_units_add_up",
    "11_one_delivery_for_each_listener",
    "12_a_cancel_takes_hold",
    "13_limits_hold",
    "15_one_tenant_throughout",
    "16_one_job_for_each_idempotency_key",
)


@dataclass(frozen=True, slots=True)
class SweepResult:
    """What one sweep did, and which notifications it asks for."""

    rescued: int = 0
    expired: int = 0
    cancelled: int = 0
    idempotency_dropped: int = 0
    #: Queue → notifications to send: work waits although workers are idle, so its notification must have been lost.
    notifications: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExpectedObject:
    """An object that the storage must hold, as far as its row tells: a faulty row may lack digest or size."""

    key: str
    sha256: str | None
    bytes: int | None


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits. Ages are milliseconds by the database's clock, of what has waited longest."""

    #: By queue: ready chunks that are due.
    chunk_age_ms: Mapping[str, int]
    #: Webhooks that are to be delivered, those of a later attempt too, and the oldest's age since its event.
    webhooks: int
    webhook_age_ms: int


class Maintenance(Protocol):
    """See jobs/store/store.py for what holds for every method."""

    def sweep(self, *, may_rescue: bool, limit: int = 200) -> SweepResult: ...

    def acquire_leadership(self, name: str, holder: str, *, term_ms: int) -> bool:
        """Take or renew the row lease `name`."""

    def resign(self, name: str, holder: str) -> None: ...

    def due_for_purge(self, limit: int = 50) -> Sequence[Job]:
        """Deleted jobs whose objects may still be there; ended jobs past `delete_at` are marked deleted first."""

    def purge(self, job_id: str) -> None:
        """Empty a deleted job's input, parameters and result and drop its chunks; the tombstone stays.

        While one of its chunks runs the job stays due, because that chunk may still store something."""

    def due_for_part_deletion(self, limit: int = 50) -> Sequence[Job]:
        """Succeeded jobs whose parts were dropped and whose objects of them may still be there; deleted jobs aside."""

    def record_parts_deleted(self, job_id: str) -> None:
        """The objects of the parts are deleted. Until then the job stays due, whatever was interrupted."""

    def audit(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Invariant name ("01_…" to "16_…") → violating rows (at most 20 each); all empty when all is well.

        Not here: whether objects exist (see `stored_objects`), and 14, the notifications, which the broker counts."""

    def stored_objects(self, *, after: str = "", limit: int = 100) -> Sequence[tuple[str, Sequence[ExpectedObject]]]:
        """What the storage must hold: (job, its objects) for succeeded jobs not deleted, in the order of ids.

        Of a job whose parts were dropped, only the result."""

    def stored_voice_objects(
        self, *, after: str = "", limit: int = 100
    ) -> Sequence[tuple[str, Sequence[ExpectedObject]]]:
        """What the storage must hold: (voice, its objects), in the order of ids."""

    def bring_forward(self) -> int:
        """Repair times that lie in the future because the database's clock was set back. Returns how many."""

    def backlog(self) -> Backlog:
        """For the metrics: one read."""

    def stored_bytes(self) -> StoredBytes:
        """The sizes of all recorded objects. Reads every row: for the sweeper, not for each scrape."""

    def installation_id(self) -> str:
        """Created by the migrations; the marker object of the storage must hold the same id."""

    def paired_storage_id(self) -> str | None:
        """The id of the only storage that processes of this database may use; None until one has started."""

    def pair_storage(self, storage_id: str, *, replace: bool = False) -> str:
        """Record the storage, unless one is recorded and it is not to be replaced. Returns the id that is recorded."""

    def now_ms(self) -> int: ...
