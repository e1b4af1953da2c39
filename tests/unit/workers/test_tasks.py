"""The task of a notification."""

from __future__ import annotations

import pytest
from celery import Celery

from jobs.dispatch.celery_dispatch import NOTIFY_TASK
from workers.celery_app import make_app
from workers.tasks import register_tasks


@pytest.fixture
def app() -> Celery:
    return make_app("redis://127.0.0.1:1/0", ["cpu", "webhook"])


def test_a_notification_calls_the_consumer_of_its_queue(app: Celery) -> None:
    register_tasks(app, {"cpu": lambda: 3})
    assert app.tasks[NOTIFY_TASK].run("cpu", "job_1") == 3


def test_a_notification_of_another_workers_queue_does_nothing(app: Celery) -> None:
    register_tasks(app, {"cpu": lambda: pytest.fail("not this one")})
    assert app.tasks[NOTIFY_TASK].run("tts.espeak", "job_1") == 0


@pytest.mark.parametrize(
    ("arguments", "named"),
    [(("cpu",), {}), (("cpu", "job_1"), {}), (("cpu",), {"job_id": "job_1"}), (("cpu", "job_1", "plan"), {"more": 1})],
)
def test_messages_of_earlier_and_later_versions_are_understood(
    app: Celery, arguments: tuple[str, ...], named: dict[str, object]
) -> None:
    register_tasks(app, {"cpu": lambda: 3})
    assert app.tasks[NOTIFY_TASK].run(*arguments, **named) == 3


def test_the_name_on_the_wire_stays(app: Celery) -> None:
    register_tasks(app, {})
    assert NOTIFY_TASK == "voicemill.ring"
    assert NOTIFY_TASK in app.tasks
