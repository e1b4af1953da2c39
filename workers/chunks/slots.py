"""How many chunks a worker runs at once: bulk slots, and an extra one that only interactive chunks may take."""

from __future__ import annotations

import threading

from workers.engines.messages import Lane


class Slots:
    """Counts free slots. Never waits: without a free slot the work is left to a later notification."""

    def __init__(self, bulk: int, interactive: int = 1) -> None:
        self._free: dict[Lane, int] = {Lane.BULK: bulk, Lane.INTERACTIVE: interactive}
        self._lock = threading.Lock()
        self.total = bulk + interactive

    def acquire(self) -> Lane | None:
        """A bulk slot while there is one; else the interactive one, in which nothing else may run; None: all taken."""
        with self._lock:
            for lane in self._free:
                if self._free[lane]:
                    self._free[lane] -= 1
                    return lane
            return None

    @property
    def is_bulk_free(self) -> bool:
        """Whether a bulk chunk could begin now."""
        return self._free[Lane.BULK] > 0

    def move_to_interactive(self, lane: Lane) -> Lane:
        """An interactive chunk was claimed: run it in the extra slot where that is free, and keep bulk's for bulk."""
        with self._lock:
            if lane is Lane.BULK and self._free[Lane.INTERACTIVE]:
                self._free[Lane.INTERACTIVE] -= 1
                self._free[Lane.BULK] += 1
                return Lane.INTERACTIVE
            return lane

    def release(self, lane: Lane) -> None:
        """The chunk has ended."""
        with self._lock:
            self._free[lane] += 1
