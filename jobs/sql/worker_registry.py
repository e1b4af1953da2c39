"""Worker processes, what they hold, and who leads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from jobs.errors import NotFound
from jobs.job import Release, WorkerRow
from jobs.states import ReleaseReason

from .clock import db_now_ms
from .database import Database
from .failures import Setbacks
from .rows import to_worker
from .tables import chunks, installation, leaders, webhook_deliveries, workers
from .transitions import lock_job


class Workers(Setbacks):
    """Workers, leaders and the installation."""

    _db: Database

    # -- workers -----------------------------------------------------------------------------------------------------
    def see_worker(self, worker: WorkerRow) -> None:
        """See Store.see_worker."""
        insert = self._db.insert(workers).values(
            id=worker.id,
            queues=list(worker.queues),
            slots=worker.slots,
            device=worker.device,
            info=dict(worker.info),
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

    def forget_worker(self, worker_id: str) -> None:
        """See Store.forget_worker."""
        forget = sa.delete(workers).where(workers.c.id == worker_id)
        self._db.write(lambda connection: connection.execute(forget))

    def live_workers(self, *, within_s: float = 60.0) -> Sequence[WorkerRow]:
        """See Store.live_workers."""
        query = sa.select(workers).where(workers.c.last_seen > db_now_ms() - round(within_s * 1000))
        return [to_worker(row) for row in self._db.read(lambda connection: connection.execute(query).all())]

    def release_worker(self, worker_id: str) -> int:
        """See Store.release_worker."""
        return self._release_held(lambda owner: owner == worker_id)

    def release_installation(self, worker_prefix: str) -> int:
        """See Store.release_installation."""
        forget = sa.delete(workers).where(workers.c.id.startswith(worker_prefix, autoescape=True))
        self._db.write(lambda connection: connection.execute(forget))
        return self._release_held(lambda owner: owner.startswith(worker_prefix, autoescape=True))

    def _release_held(self, is_owner: Any) -> int:
        """Put back what matching owners hold, a transaction a chunk. Returns how many chunks."""
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
        still = is_owner(chunks.c.lease_owner)
        return sum(self._put_back_if(row, still, Release(ReleaseReason.INTERRUPT)) for row in held)

    def _put_back_if(self, seen: Any, condition: sa.ColumnElement[bool], release: Release) -> bool:
        """Release a chunk that was seen running, if the condition holds now that it is locked."""

        def transaction(connection: sa.Connection) -> bool:
            job = lock_job(connection, seen.job_id)
            chunk = connection.execute(
                sa.select(chunks)
                .where(chunks.c.id == seen.id, chunks.c.state == "running", condition)
                .with_for_update()
            ).one_or_none()
            if chunk is not None:
                self._put_back(connection, job, chunk, release)
            return chunk is not None

        return self._db.write(transaction)

    # -- leaders -----------------------------------------------------------------------------------------------------
    def lead(self, name: str, holder: str, *, term_ms: int) -> bool:
        """See Store.lead."""
        insert = self._db.insert(leaders).values(name=name, holder=holder, until=db_now_ms() + term_ms)
        new = insert.excluded
        take = insert.on_conflict_do_update(
            index_elements=["name"],
            set_={"holder": new.holder, "until": new.until},
            where=sa.or_(leaders.c.holder == holder, leaders.c.until <= db_now_ms()),
        ).returning(leaders.c.name)
        return self._db.write(lambda connection: connection.execute(take).one_or_none()) is not None

    def resign(self, name: str, holder: str) -> None:
        """See Store.resign."""
        leave = sa.delete(leaders).where(leaders.c.name == name, leaders.c.holder == holder)
        self._db.write(lambda connection: connection.execute(leave))

    def installation_id(self) -> str:
        """See Store.installation_id."""
        found = self._db.read(lambda connection: connection.scalar(sa.select(installation.c.id)))
        if found is None:
            raise NotFound("The database has no installation id: run `python -m migrations`.")
        return str(found)


def live_slots(rows: Iterable[WorkerRow], queue: str) -> int:
    """Chunks of a queue that these workers can run at once."""
    return sum(row.slots for row in rows if queue in row.queues)
