"""The queue of chunks on SQL: claims, commits and failures as one port."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from jobs.chunk import Chunk, Claim, Commit, HeartbeatResult, Release, ReusedChunk
from jobs.failure import Failure
from jobs.sql.database import Database

from .claims import Claims
from .commits import Commits
from .failures import Failures
from .withdrawals import Withdrawals


class SqlChunkQueue:
    """See `ChunkQueue`."""

    def __init__(self, db: Database, failures: Failures) -> None:
        self._db = db
        self._claims = Claims(db)
        self._commits = Commits(db)
        self._failures = failures
        self._withdrawals = Withdrawals(db, failures)

    def claim(
        self, queues: Sequence[str], worker_id: str, *, lease_ms: int, interactive_only: bool = False
    ) -> Claim | None:
        """See ChunkQueue.claim."""
        return self._claims.claim(queues, worker_id, lease_ms=lease_ms, interactive_only=interactive_only)

    def heartbeat(
        self, running: Sequence[Claim], *, lease_ms: int, progress: Mapping[str, float]
    ) -> Mapping[str, HeartbeatResult]:
        """See ChunkQueue.heartbeat."""
        return self._claims.heartbeat(running, lease_ms=lease_ms, progress=progress)

    def commit(self, claim: Claim, commit: Commit) -> Sequence[str]:
        """See ChunkQueue.commit."""
        return self._commits.commit(claim, commit)

    def commit_reused(self, claim: Claim, reused: Sequence[ReusedChunk], commit: Commit) -> Sequence[str]:
        """See ChunkQueue.commit_reused."""
        return self._commits.commit_reused(claim, reused, commit)

    def is_committed(self, claim: Claim, key: str) -> bool:
        """See ChunkQueue.is_committed."""
        return self._commits.is_committed(claim, key)

    def release(self, claim: Claim, release: Release) -> None:
        """See ChunkQueue.release."""
        self._failures.release(claim, release)

    def fail(self, claim: Claim, failure: Failure) -> None:
        """See ChunkQueue.fail."""
        self._failures.fail(claim, failure)

    def withdraw(self, claim: Claim, damaged: Sequence[Chunk], failure: Failure) -> Sequence[str]:
        """See ChunkQueue.withdraw."""
        return self._withdrawals.withdraw(claim, damaged, failure)

    def stop(self, claim: Claim) -> None:
        """See ChunkQueue.stop."""
        self._failures.stop(claim)

    def depths(self) -> Mapping[str, int]:
        """See ChunkQueue.depths."""
        query = sa.text("SELECT queue, count(*) AS n FROM chunks WHERE state = 'ready' GROUP BY queue")
        return {row.queue: row.n for row in self._db.read(lambda connection: connection.execute(query).all())}
