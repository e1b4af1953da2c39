"""Notifications by Celery while Redis dies, hangs, forgets and comes back."""

from __future__ import annotations

import base64
import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from structlog.testing import capture_logs

from jobs.dispatch.celery_dispatch import KEY_PREFIX, NOTIFY_TASK, CeleryDispatch
from jobs.errors import BrokerUnavailable, StoreUnavailable
from jobs.states import Step
from tests.services.machine_speed import poll
from tests.services.redis import RedisServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path).start()
    yield server
    server.stop()


@pytest.fixture
def hanging_url() -> Iterator[str]:
    """A broker that accepts connections and never says a word."""
    with socket.socket() as server_socket:
        server_socket.bind(("127.0.0.1", 0))
        server_socket.listen(16)
        yield f"redis://:secret-of-the-broker@127.0.0.1:{server_socket.getsockname()[1]}/0"


def waiting_in(url: str, queue: str) -> int:
    with redis.Redis.from_url(url) as client:
        return int(client.llen(KEY_PREFIX + queue))


def test_pending_notifications_stay_within_twice_the_live_slots(redis_url: str) -> None:
    dispatch = CeleryDispatch(redis_url, slots_of={"tts.espeak": 3, "stt.whisper": 0}.__getitem__)
    for _ in range(20):
        dispatch.notify("tts.espeak", count=20)
        dispatch.notify("stt.whisper", count=20)
    dispatch.close()
    assert waiting_in(redis_url, "tts.espeak") == 6
    assert waiting_in(redis_url, "stt.whisper") == 1


def test_monitors_see_queue_job_and_step_and_workers_of_any_version_what_they_know(redis_url: str) -> None:
    dispatch = CeleryDispatch(redis_url)
    dispatch.notify("tts.espeak", job_id="job_1", step=Step.WORK)
    dispatch.notify("webhook")
    dispatch.close()
    with redis.Redis.from_url(redis_url) as client:
        work, webhook = (json.loads(client.lpop(KEY_PREFIX + queue)) for queue in ("tts.espeak", "webhook"))
    assert work["headers"]["shadow"] == "voicemill.tts.espeak.work"
    assert work["headers"]["kwargsrepr"] == "{'queue': 'tts.espeak', 'job': 'job_1', 'step': 'work'}"
    assert (webhook["headers"]["shadow"], webhook["headers"]["kwargsrepr"]) == (
        "voicemill.webhook",
        "{'queue': 'webhook'}",
    )
    # What an earlier worker reads: the task by its name, called with these arguments.
    assert work["headers"]["task"] == NOTIFY_TASK == "voicemill.ring"
    args, kwargs, _ = json.loads(base64.b64decode(work["body"]))
    assert (args, kwargs) == (["tts.espeak", "job_1"], {})


def test_the_window_counts_notifications_of_other_processes(redis_url: str) -> None:
    for _ in range(4):
        dispatch = CeleryDispatch(redis_url)
        dispatch.notify("cpu", count=20)
        dispatch.close()
    assert waiting_in(redis_url, "cpu") == 2


def test_notifications_sent_together_ask_the_broker_once(redis_url: str) -> None:
    dispatch = CeleryDispatch(redis_url)
    with redis.Redis.from_url(redis_url) as client:
        asked = lambda: client.info("commandstats").get("cmdstat_llen", {"calls": 0})["calls"]  # noqa: E731
        before, began = asked(), time.monotonic()
        for _ in range(200):
            dispatch.notify("cpu")
            time.sleep(0.001)  # as submits come: each would find the broker idle
        dispatch.close()
        rests = (time.monotonic() - began) / 0.01
        assert asked() - before <= rests + 4
    assert waiting_in(redis_url, "cpu") == 2


def test_notifications_go_out_while_the_database_is_down(redis_url: str) -> None:
    def slots_of(queue: str) -> int:
        raise StoreUnavailable

    dispatch = CeleryDispatch(redis_url, slots_of=slots_of)
    dispatch.notify("cpu")
    dispatch.close()
    assert waiting_in(redis_url, "cpu") == 1


def test_notify_does_not_wait_for_a_broker_that_hangs(hanging_url: str) -> None:
    with capture_logs() as logs:
        dispatch = CeleryDispatch(hanging_url)
        for n in range(1000):
            dispatch.notify("cpu", job_id=f"chk_{n}")
        # All thousand calls came back before the first step of the first publish gave up. (The breaker itself is open
        # for a moment only: a busy machine does not see it.)
        assert not logs
        assert poll(lambda: bool(logs), deadline_s=20)
        dispatch.close()


def test_the_log_of_an_outage_does_not_quote_the_password(hanging_url: str) -> None:
    with capture_logs() as logs:
        dispatch = CeleryDispatch(hanging_url)
        dispatch.notify("cpu")
        assert poll(lambda: bool(logs), deadline_s=20)
        dispatch.close()
    assert logs[0]["event"] == "broker_unreachable"
    assert "secret" not in str(logs)


def test_health_says_when_the_broker_is_down(server: RedisServer, hanging_url: str) -> None:
    dispatch = CeleryDispatch(server.url)
    dispatch.check()
    server.kill()
    with pytest.raises(BrokerUnavailable):
        dispatch.check()
    with pytest.raises(BrokerUnavailable):
        CeleryDispatch(hanging_url).check()


def test_notifications_arrive_again_after_redis_was_killed_and_came_back_empty(server: RedisServer) -> None:
    dispatch = CeleryDispatch(server.url, longest_pause_s=0.3)
    dispatch.notify("cpu")
    assert poll(lambda: waiting_in(server.url, "cpu") == 1, deadline_s=10)
    server.kill()
    dispatch.notify("cpu")
    assert poll(lambda: dispatch._breaker.is_open, deadline_s=10)
    server.start()

    def notify_and_look() -> bool:
        dispatch.notify("cpu")
        return waiting_in(server.url, "cpu") >= 1

    assert poll(notify_and_look, deadline_s=20)
    dispatch.close()


def test_notifications_arrive_after_a_flush_on_a_live_connection(server: RedisServer) -> None:
    dispatch = CeleryDispatch(server.url)
    dispatch.notify("cpu")
    assert poll(lambda: waiting_in(server.url, "cpu") == 1, deadline_s=10)
    server.flush()
    dispatch.notify("cpu")
    assert poll(lambda: waiting_in(server.url, "cpu") == 1, deadline_s=10)
    dispatch.close()


def test_a_forked_child_notifies_by_itself(redis_url: str) -> None:
    dispatch = CeleryDispatch(redis_url)
    dispatch.notify("cpu")
    assert poll(lambda: waiting_in(redis_url, "cpu") == 1, deadline_s=10)
    child = os.fork()
    if child == 0:
        dispatch.notify("webhook")
        dispatch.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert waiting_in(redis_url, "webhook") == 1
    dispatch.notify("stt.whisper")
    dispatch.close()
    assert waiting_in(redis_url, "stt.whisper") == 1
