"""The registry of live worker processes, and the release of what they hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from jobs.chunk import Release
from jobs.sql.chunk_queue.failures import Failures
from jobs.states import ReleaseReason
from jobs.store.worker_registry import KEPT_S, LIVE_S
from jobs.worker import WorkerRow

from .clock import db_now_ms
from .database import Database
from .rows import to_worker
from .tables import chunks, webhook_deliveries, workers


class SqlWorkerRegistry:
    """See `WorkerRegistry`."""

    def __init__(self, db: Database, failures: Failures) -> None:
        self._db, self._failures = db, failures

    def register(self, worker: WorkerRow) -> None:
        """See WorkerRegistry.register."""
        insert = self._db.insert(workers).values(
            id=worker.id,
            queues=list(worker.queues),
            slots=worker.slots,
            device=worker.device,
            info=worker.info.to_json(),
            last_seen=db_now_ms(),
        )
        new = insert.excluded
        upsert = insert.on_conflict_do_update(
            index_elements=["id"],
            set_={
                "queues": new.queues,
                "slots": new.slots,
                "device": new.device,
                "info": new.info,
                "last_seen": new.last_seen,
            },
        )
        self._db.write(lambda connection: connection.execute(upsert))

    def retire(self, worker_id: str) -> None:
        """See WorkerRegistry.retire."""
        self._retire(workers.c.id == worker_id)

    def list_live(self, *, within_s: float = LIVE_S) -> Sequence[WorkerRow]:
        """See WorkerRegistry.list_live."""
        return self.list_seen(within_s=within_s)

    def list_seen(self, *, within_s: float = KEPT_S) -> Sequence[WorkerRow]:
        """See WorkerRegistry.list_seen."""
        query = sa.select(workers).where(workers.c.last_seen > db_now_ms() - round(within_s * 1000))
        query = query.order_by(workers.c.last_seen.desc(), workers.c.id)
        return [to_worker(row) for row in self._db.read(lambda connection: connection.execute(query).all())]

    def drop_old(self) -> None:
        """Delete the rows that `list_seen` no longer lists."""
        old = workers.c.last_seen <= db_now_ms() - round(KEPT_S * 1000)
        query = sa.select(workers.c.id).where(old).limit(1)
        if self._db.read(lambda connection: connection.execute(query).all()):
            self._db.write(lambda connection: connection.execute(sa.delete(workers).where(old)))

    def release(self, worker_id: str) -> int:
        """See WorkerRegistry.release."""
        return self._release_held(lambda owner: owner == worker_id)

    def release_installation(self, worker_prefix: str) -> int:
        """See WorkerRegistry.release_installation."""
        self._retire(workers.c.id.startswith(worker_prefix, autoescape=True))
        return self._release_held(lambda owner: owner.startswith(worker_prefix, autoescape=True))

    def _retire(self, which: sa.ColumnElement[bool]) -> None:
        """Date the last update back, so that the worker counts as gone for older versions too."""
        not_live = db_now_ms() - round(LIVE_S * 1000)
        retire = sa.update(workers).where(which, workers.c.last_seen > not_live).values(last_seen=not_live)
        self._db.write(lambda connection: connection.execute(retire))

    def _release_held(self, is_owner: Any) -> int:
        """Release what matching owners hold, one transaction a chunk. Returns the number of chunks."""
        column = webhook_deliveries.c
        self._db.write(
            lambda connection: connection.execute(
                sa.update(webhook_deliveries)
                .where(column.state == "sending", is_owner(column.lease_owner))
                .values(state="pending", lease_owner=None, lease_expires_at=None)
            )
        )
        query = sa.select(chunks.c.id, chunks.c.job_id).where(
            chunks.c.state == sa.literal_column("'running'"), is_owner(chunks.c.lease_owner)
        )
        held = self._db.read(lambda connection: connection.execute(query).all())
        is_still_held = is_owner(chunks.c.lease_owner)
        return sum(self._failures.requeue_if(row, is_still_held, Release(ReleaseReason.INTERRUPT)) for row in held)


def count_live_slots(rows: Iterable[WorkerRow], queue: str) -> int:
    """Number of chunks of a queue that these workers can run at once."""
    return sum(row.slots for row in rows if queue in row.queues)
