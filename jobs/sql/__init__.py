"""The store of jobs on SQL: Postgres or SQLite. The only package that knows SQLAlchemy."""

from __future__ import annotations

from jobs.settings import Settings
from jobs.store import Store

from .api_keys import Keys
from .audit import Audits
from .claims import Claims
from .commits import Commits
from .database import Database
from .deletion import Deletion
from .queries import Records
from .submission import Acceptance
from .sweep import Sweeping
from .voices import Voices
from .webhook_deliveries import Deliveries
from .webhook_endpoints import Box, NoBox

__all__ = ["SqlStore", "open_store"]


class SqlStore(Acceptance, Records, Claims, Commits, Sweeping, Deletion, Deliveries, Keys, Voices, Audits):
    """`jobs.store.Store` on one database, which `migrations.upgrade` has prepared. Threads may share one."""

    def __init__(
        self,
        url: str,
        *,
        box: Box | None = None,
        deadline_s: float = 7 * 86_400,
        retain_s: float | None = 30 * 86_400,
        retry_base_s: float = 10.0,
        pool_size: int = 10,
    ) -> None:
        """`url`: SQLAlchemy's. `box` seals webhook secrets. The rest: see the settings of the same names.

        `pool_size`: most connections at once; who finds none within a second gets StoreUnavailable.
        """
        self._db = Database(url, pool_size=pool_size)
        self._box = box or NoBox()
        self._deadline_s, self._retain_s, self._retry_base_s = deadline_s, retain_s, retry_base_s

    def close(self) -> None:
        """Close the connections."""
        self._db.close()


def open_store(settings: Settings, box: Box | None = None, *, pool_size: int = 10) -> SqlStore:
    """The store of the settings' database. The embedded mode keeps ended jobs for ever, unless a request says when."""
    return SqlStore(
        settings.resolved_database_url(),
        box=box,
        deadline_s=settings.deadline_s,
        retain_s=None if settings.is_embedded else settings.retain_s,
        retry_base_s=settings.retry_base_s,
        pool_size=pool_size,
    )


def _conforms(store: SqlStore) -> Store:
    # For the type checker: every method of the port is there.
    return store
