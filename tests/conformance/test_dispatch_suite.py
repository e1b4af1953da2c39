"""What every dispatch promises, checked for Celery over a real Redis and for the one in process."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from typing import Protocol

import pytest
import redis

from jobs.dispatch.celery_dispatch import KEY_PREFIX, NOTIFY_TASK, CeleryDispatch
from jobs.dispatch.dispatch import Dispatch
from jobs.errors import StoreUnavailable
from tests.inline_dispatch import InlineDispatch
from tests.services.machine_speed import poll


class Backend(Protocol):
    """A dispatch and what arrived at its queues."""

    dispatch: Dispatch

    def arrived(self, queue: str) -> list[str]:
        """Job ids of the notifications that arrived, oldest first."""


class InlineBackend:
    def __init__(self) -> None:
        self._arrived: list[tuple[str, str]] = []
        self.dispatch = InlineDispatch(self._handle)

    def _handle(self, queue: str, job_id: str) -> None:
        self._arrived.append((queue, job_id))
        if job_id == "trouble":
            raise StoreUnavailable

    def arrived(self, queue: str) -> list[str]:
        return [job_id for name, job_id in self._arrived if name == queue]


class CeleryBackend:
    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(url)
        self.dispatch = CeleryDispatch(url)

    def arrived(self, queue: str) -> list[str]:
        job_ids = []
        for raw in reversed(self._redis.lrange(KEY_PREFIX + queue, 0, -1)):
            message = json.loads(raw)
            assert message["headers"]["task"] == NOTIFY_TASK
            assert message["headers"]["eta"] is None
            assert message["content-type"] == "application/json"
            (named, job_id), kwargs, _ = json.loads(base64.b64decode(message["body"]))
            assert (named, kwargs) == (queue, {})
            job_ids.append(job_id)
        return job_ids

    def close(self) -> None:
        self.dispatch.close()
        self._redis.close()


@pytest.fixture(params=["inline", "celery"])
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    if request.param == "inline":
        yield InlineBackend()
        return
    backend = CeleryBackend(request.getfixturevalue("redis_url"))
    yield backend
    backend.close()


def test_a_notification_arrives_at_its_queue_and_no_other(backend: Backend) -> None:
    backend.dispatch.notify("tts.espeak", job_id="chk_1")
    backend.dispatch.notify("cpu", job_id="chk_2")
    assert poll(lambda: backend.arrived("cpu") == ["chk_2"], deadline_s=10)
    assert poll(lambda: backend.arrived("tts.espeak") == ["chk_1"], deadline_s=10)
    assert backend.arrived("stt.whisper") == []


def test_close_sends_what_is_pending_and_later_notifications_are_dropped(backend: Backend) -> None:
    backend.dispatch.notify("cpu", job_id="before")
    backend.dispatch.close()
    # It returns after a second; where the machine is slow, the background thread sends a little later.
    assert poll(lambda: backend.arrived("cpu") == ["before"], deadline_s=10)
    backend.dispatch.notify("cpu", job_id="after")
    backend.dispatch.close()
    assert backend.arrived("cpu") == ["before"]


def test_no_notification_is_sent_for_no_work(backend: Backend) -> None:
    backend.dispatch.notify("cpu", count=0)
    backend.dispatch.notify("cpu", count=-1)
    backend.dispatch.notify("cpu", job_id="one")
    backend.dispatch.close()
    assert poll(lambda: backend.arrived("cpu") == ["one"], deadline_s=10)


def test_threads_may_notify_at_once(backend: Backend) -> None:
    threads = [
        threading.Thread(target=lambda: [backend.dispatch.notify("cpu", job_id="chk") for _ in range(200)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    backend.dispatch.close()
    assert len(backend.arrived("cpu")) >= 1


def test_a_big_count_is_not_a_flood(backend: Backend) -> None:
    backend.dispatch.notify("cpu", count=100_000)
    backend.dispatch.close()
    assert 1 <= len(backend.arrived("cpu")) <= 2


def test_an_error_of_the_handler_does_not_reach_the_sender(backend: Backend) -> None:
    backend.dispatch.notify("cpu", job_id="trouble")
    backend.dispatch.notify("stt.whisper", job_id="next")
    assert poll(lambda: backend.arrived("stt.whisper") == ["next"], deadline_s=10)
