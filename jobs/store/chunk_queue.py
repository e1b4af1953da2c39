"""The queue of chunks: claimed, kept by heartbeats, and committed, released or failed under their fence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from jobs.chunk import Chunk, Claim, Commit, HeartbeatResult, Release, ReusedChunk
from jobs.failure import Failure


class ChunkQueue(Protocol):
    """See jobs/store/store.py for what holds for every method."""

    def claim(
        self, queues: Sequence[str], worker_id: str, *, lease_ms: int, interactive_only: bool = False
    ) -> Claim | None:
        """The best ready chunk: priority, fewest running chunks of the tenant, age. State running, fence + 1, lease."""

    def heartbeat(
        self, running: Sequence[Claim], *, lease_ms: int, progress: Mapping[str, float]
    ) -> Mapping[str, HeartbeatResult]:
        """Extend leases (by chunk id). Progress by chunk id, in units."""

    def commit(self, claim: Claim, commit: Commit) -> Sequence[str]:
        """Chunk succeeded, counters, next chunks, job state, webhook rows. Returns the queues that now have new work.

        Raises LeaseLost; StoreUnavailable when the outcome is unknown, then see `is_committed`."""

    def commit_reused(self, claim: Claim, reused: Sequence[ReusedChunk], commit: Commit) -> Sequence[str]:
        """Commit the plan of a retry: `commit.new_chunks` as usual, those among them that `reused` names are
        inserted as succeeded with the copied part."""

    def is_committed(self, claim: Claim, key: str) -> bool:
        """After an unknown outcome: did the commit with this fence and result key happen?"""

    def release(self, claim: Claim, release: Release) -> None:
        """Back to ready; past a limit of retry, crash or rescue the chunk fails and its job with it."""

    def fail(self, claim: Claim, failure: Failure) -> None:
        """The chunk fails for good: job failed, waiting siblings cancelled, webhook rows, in one transaction."""

    def withdraw(self, claim: Claim, damaged: Sequence[Chunk], failure: Failure) -> Sequence[str]:
        """The claimed stitch chunk found these parts damaged: in one transaction their work chunks go back to ready,
        charged as after an error, and the claimed chunk is blocked until they have succeeded again.

        Only parts that the record still names, and of which no follow-up was made. Past the limit of errors the job
        fails with `failure`. Returns the queues that now have work. Raises LeaseLost."""

    def stop(self, claim: Claim) -> None:
        """A running chunk noticed cancel or deadline and stopped: chunk cancelled, the job ends if none is left."""

    def depths(self) -> Mapping[str, int]:
        """Ready chunks per queue, for metrics."""
