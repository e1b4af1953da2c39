"""The queue of chunks on SQL: claims, commits and failures as one port."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from jobs.sql.database import Database

from .claims import Claims
from .commits import Commits
from .failures import Failures


class SqlChunkQueue:
    """See `ChunkQueue`."""

    def __init__(self, db: Database, failures: Failures) -> None:
        self._db = db
        claims, commits = Claims(db), Commits(db)
        self.claim, self.heartbeat = claims.claim, claims.heartbeat
        self.commit, self.commit_reused, self.is_committed = commits.commit, commits.commit_reused, commits.is_committed
        self.release, self.fail, self.stop = failures.release, failures.fail, failures.stop

    def depths(self) -> Mapping[str, int]:
        """See ChunkQueue.depths."""
        query = sa.text("SELECT queue, count(*) AS n FROM chunks WHERE state = 'ready' GROUP BY queue")
        return {row.queue: row.n for row in self._db.read(lambda connection: connection.execute(query).all())}
