"""Leadership among processes with the same duty: a lease on a named row."""

from __future__ import annotations

import sqlalchemy as sa

from jobs.sql.clock import db_now_ms
from jobs.sql.database import Database
from jobs.sql.tables import leaders


class Leadership:
    """Acquires, renews and resigns leases by name."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def acquire_leadership(self, name: str, holder: str, *, term_ms: int) -> bool:
        """See Maintenance.acquire_leadership."""
        insert = self._db.insert(leaders).values(name=name, holder=holder, until=db_now_ms() + term_ms)
        new = insert.excluded
        take = insert.on_conflict_do_update(
            index_elements=["name"],
            set_={"holder": new.holder, "until": new.until},
            where=sa.or_(leaders.c.holder == holder, leaders.c.until <= db_now_ms()),
        ).returning(leaders.c.name)
        return self._db.write(lambda connection: connection.execute(take).one_or_none()) is not None

    def resign(self, name: str, holder: str) -> None:
        """See Maintenance.resign."""
        leave = sa.delete(leaders).where(leaders.c.name == name, leaders.c.holder == holder)
        self._db.write(lambda connection: connection.execute(leave))
