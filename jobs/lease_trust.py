"""When a sweeper may treat an expired lease as lost. Knows times only; jobs/sql/maintenance/sweep.py does the work."""

from __future__ import annotations

#: A pass later than this after the one before is a gap: something was suspended, perhaps the workers' heartbeats too.
LONGEST_GAP_MS = 20_000


class TrustWindow:
    """How long this sweeper has made its passes without a gap.

    After a database restart, a lost connection or a suspended machine every lease looks expired although the workers
    live. Only a sweeper that made its passes for longer than a lease can tell a dead worker from an outage.
    """

    def __init__(self, trust_s: float = 90.0) -> None:
        self._trust_ms = trust_s * 1000
        self._since: int | None = None
        self._last: int | None = None

    def record_pass(self, now_ms: int) -> bool:
        """Record a pass at `now_ms` by the database's clock, the clock of the leases. True = it may rescue.

        Call it once for each pass that reached the database. A clock that jumps, forward or back, is a gap too.
        """
        if self._since is None or self._last is None or not 0 <= now_ms - self._last <= LONGEST_GAP_MS:
            self._since = now_ms
        self._last = now_ms
        return now_ms - self._since >= self._trust_ms
