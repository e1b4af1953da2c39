"""What every doorbell promises, asked of Celery over a real Redis and of the one in process."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from typing import Protocol

import pytest
import redis

from jobs.dispatch.celery_dispatch import KEY_PREFIX, RING_TASK, CeleryDispatch
from jobs.dispatch.dispatch import Dispatch
from jobs.dispatch.inline_dispatch import InlineDispatch
from jobs.errors import StoreUnavailable
from tests.services.machine_speed import poll


class House(Protocol):
    """A dispatch and whoever listens at its queues."""

    dispatch: Dispatch

    def heard(self, queue: str) -> list[str]:
        """Hints of the bells that arrived, oldest first."""


class InlineHouse:
    def __init__(self) -> None:
        self._heard: list[tuple[str, str]] = []
        self.dispatch = InlineDispatch(self._answer)

    def _answer(self, queue: str, hint: str) -> None:
        self._heard.append((queue, hint))
        if hint == "trouble":
            raise StoreUnavailable

    def heard(self, queue: str) -> list[str]:
        return [hint for name, hint in self._heard if name == queue]


class CeleryHouse:
    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(url)
        self.dispatch = CeleryDispatch(url)

    def heard(self, queue: str) -> list[str]:
        hints = []
        for raw in reversed(self._redis.lrange(KEY_PREFIX + queue, 0, -1)):
            message = json.loads(raw)
            assert message["headers"]["task"] == RING_TASK
            assert message["headers"]["eta"] is None
            assert message["content-type"] == "application/json"
            (named, hint), kwargs, _ = json.loads(base64.b64decode(message["body"]))
            assert (named, kwargs) == (queue, {})
            hints.append(hint)
        return hints

    def close(self) -> None:
        self.dispatch.close()
        self._redis.close()


@pytest.fixture(params=["inline", "celery"])
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    if request.param == "inline":
        yield InlineHouse()
        return
    house = CeleryHouse(request.getfixturevalue("redis_url"))
    yield house
    house.close()


def test_a_bell_arrives_at_its_queue_and_no_other(house: House) -> None:
    house.dispatch.ring("tts.espeak", hint="chk_1")
    house.dispatch.ring("cpu", hint="chk_2")
    assert poll(lambda: house.heard("cpu") == ["chk_2"] and house.heard("tts.espeak") == ["chk_1"], deadline_s=10)
    assert house.heard("stt.whisper") == []


def test_close_sends_what_waits_and_later_bells_go_nowhere(house: House) -> None:
    house.dispatch.ring("cpu", hint="before")
    house.dispatch.close()
    assert house.heard("cpu") == ["before"]
    house.dispatch.ring("cpu", hint="after")
    house.dispatch.close()
    assert house.heard("cpu") == ["before"]


def test_no_bell_is_rung_for_no_work(house: House) -> None:
    house.dispatch.ring("cpu", count=0)
    house.dispatch.ring("cpu", count=-1)
    house.dispatch.ring("cpu", hint="one")
    house.dispatch.close()
    assert house.heard("cpu") == ["one"]


def test_threads_may_ring_at_once(house: House) -> None:
    threads = [
        threading.Thread(target=lambda: [house.dispatch.ring("cpu", hint="chk") for _ in range(200)]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    house.dispatch.close()
    assert len(house.heard("cpu")) >= 1


def test_a_big_count_is_not_a_flood(house: House) -> None:
    house.dispatch.ring("cpu", count=100_000)
    house.dispatch.close()
    assert 1 <= len(house.heard("cpu")) <= 2


def test_trouble_of_whoever_answers_does_not_reach_whoever_rings(house: House) -> None:
    house.dispatch.ring("cpu", hint="trouble")
    house.dispatch.ring("stt.whisper", hint="next")
    assert poll(lambda: house.heard("stt.whisper") == ["next"], deadline_s=10)
