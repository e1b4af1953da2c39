"""The Celery task of a notification. A message says that a queue has work; nothing else in it is believed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from celery import Celery

from jobs.dispatch.celery_dispatch import NOTIFY_TASK


def register_tasks(app: Celery, consumers: Mapping[str, Callable[[], int]]) -> None:
    """Have a notification of each queue call its consumer, which returns how many chunks or deliveries it did."""

    def notify(queue: str, *_later: object, **_named: object) -> int:
        # The job id, and what later versions may add, is for monitors; a message can name a queue that this worker
        # does not consume.
        return consumers[queue]() if queue in consumers else 0

    app.task(notify, name=NOTIFY_TASK, ignore_result=True, shared=False)
