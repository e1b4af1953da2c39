"""When a sweeper may believe that a lease is dead. Knows times only; jobs/sql/sweep.py does the work."""

from __future__ import annotations

#: A pass later than this after the one before is a gap: something stood still, the workers' heartbeats perhaps too.
LONGEST_GAP_MS = 20_000


class TrustWindow:
    """Counts this sweeper's own passes without a gap.

    After a database restart, a lost connection or a closed lid every lease looks expired, though the workers live:
    only who has looked on for longer than a lease without a break may tell a dead worker from a long silence.
    """

    def __init__(self, trust_s: float = 90.0) -> None:
        self._trust_ms = trust_s * 1000
        self._since: int | None = None
        self._last: int | None = None

    def passed(self, now_ms: int) -> bool:
        """Note a pass at `now_ms` by the database's clock, against which leases are read; True = may rescue.

        Call it once a pass, and not for a pass that failed. A clock that jumps, forward or back, is a gap too.
        """
        if self._since is None or self._last is None or not 0 <= now_ms - self._last <= LONGEST_GAP_MS:
            self._since = now_ms
        self._last = now_ms
        return now_ms - self._since >= self._trust_ms
