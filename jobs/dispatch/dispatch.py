"""Notifications: a message says that a queue has work. It may be lost, doubled or delayed; SQL is the record.

Implementation: celery_dispatch.py. In tests also tests/inline_dispatch.py, a call in the same process.
"""

from __future__ import annotations

from typing import Protocol

from jobs.states import Step


class Dispatch(Protocol):
    """Sends notifications to the workers of a queue."""

    def notify(self, queue: str, *, job_id: str = "", step: Step | None = None, count: int = 1) -> None:
        """Say that `queue` has work for `count` slots. Never blocks and never raises: the sweeper notifies again.

        `job_id` and `step` say what has become ready, for people who watch the tasks in Flower; no worker reads them.
        """

    def check(self) -> None:
        """Whether notifications can be sent, for health. Raises BrokerUnavailable."""

    def close(self) -> None:
        """Send what is pending, for one second at most."""


class NullDispatch:
    """Notifies nobody: where no broker is set, as in maintenance commands and many tests."""

    def notify(self, queue: str, *, job_id: str = "", step: Step | None = None, count: int = 1) -> None:
        return

    def check(self) -> None:
        return

    def close(self) -> None:
        return
