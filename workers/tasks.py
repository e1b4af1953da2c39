"""The Celery tasks: what a message may set off. A message says that a queue has work, and nothing else is believed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from celery import Celery

from jobs.dispatch.celery_dispatch import RING_TASK


def register(app: Celery, answers: Mapping[str, Callable[[], int]]) -> None:
    """Answer bells of each queue by calling its function, which returns how much it did."""

    @app.task(name=RING_TASK, ignore_result=True, shared=False)
    def ring(queue: str, hint: str = "") -> int:
        # A forged queue name is nobody's.
        return answers[queue]() if queue in answers else 0
