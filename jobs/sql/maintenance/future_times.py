"""Repairs times that lie further ahead than this service sets any: the database's clock was set back since.

Without it, whatever waited at that moment would wait until the clock has caught up, and what came later goes first.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import sqlalchemy as sa

from jobs.sql.clock import db_now_ms
from jobs.sql.database import Database
from jobs.sql.tables import chunks, webhook_deliveries

#: What was never tried is due at once, so this is more than clocks are corrected by in passing.
_NEVER_TRIED_MS = 60_000
#: More than any backoff (jobs/retry_policy.py) and any lease.
_LONGEST_MS = 3_600_000
#: Rows of one statement.
_LIMIT = 1000


def bring_forward(db: Database) -> int:
    """See Maintenance.bring_forward."""
    now, chunk, delivery = db_now_ms(), chunks.c, webhook_deliveries.c
    never_tried = sa.and_(*(count == 0 for count in (chunk.error_count, chunk.crash_count, chunk.rescue_count)))
    never_tried = sa.and_(never_tried, chunk.snooze_count == 0)
    waiting = sa.or_(
        chunk.available_at > now + _LONGEST_MS, sa.and_(never_tried, chunk.available_at > now + _NEVER_TRIED_MS)
    )
    return (
        _repair(db, chunks, (chunk.state == sa.literal_column("'ready'"), waiting), {"available_at": now})
        + _repair(
            db,
            chunks,
            (chunk.state == sa.literal_column("'running'"), chunk.lease_expires_at > now + _LONGEST_MS),
            {"lease_expires_at": now + _LONGEST_MS},
        )
        + _repair(
            db,
            webhook_deliveries,
            (
                delivery.state == sa.literal_column("'pending'"),
                delivery.attempt == 0,
                delivery.next_at > now + _NEVER_TRIED_MS,
            ),
            {"next_at": now},
        )
    )


def _repair(db: Database, table: sa.Table, wrong: tuple[Any, ...], values: Mapping[str, Any]) -> int:
    """Change the wrong rows, some in each transaction; rows that another transaction holds are left for later."""
    some = sa.select(table.c.id).where(*wrong).limit(_LIMIT)

    def change(ids: Any, connection: sa.Connection) -> int:
        free = sa.select(table.c.id).where(table.c.id.in_(ids), *wrong).with_for_update(skip_locked=True)
        held = connection.scalars(free).all()
        return connection.execute(sa.update(table).where(table.c.id.in_(held), *wrong).values(**values)).rowcount

    repaired = 0
    while ids := db.read(lambda connection: connection.scalars(some).all()):
        changed = db.write(partial(change, ids))
        repaired += changed
        if not changed:
            break
    return repaired
