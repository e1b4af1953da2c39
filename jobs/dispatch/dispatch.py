"""The doorbell: says that a queue has work. May lose, double or delay; SQL is the record.

Implementations: celery_dispatch.py (a Celery message), inline_dispatch.py (a call in this process).
"""

from __future__ import annotations

from typing import Protocol


class Dispatch(Protocol):
    def ring(self, queue: str, *, hint: str = "", count: int = 1) -> None:
        """Say that `queue` has work. Never blocks and never raises: the sweeper rings for what was lost.

        `hint` is an id for the eyes of whoever watches Flower; nobody reads it.
        """

    def check(self) -> None:
        """Whether bells can be sent, for health. Raises BrokerUnavailable."""

    def close(self) -> None:
        """Send what is waiting, for one second at most."""


class NullDispatch:
    """Rings nowhere. For tests of stores and for maintenance commands."""

    def ring(self, queue: str, *, hint: str = "", count: int = 1) -> None:
        return

    def check(self) -> None:
        return

    def close(self) -> None:
        return
