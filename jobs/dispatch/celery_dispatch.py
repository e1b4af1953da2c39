"""Notifications as Celery messages. The only file of jobs/ that knows Celery; it also owns how any of our processes
reaches the broker (`broker_options`).

One background thread publishes, so that a caller never waits for the broker: a publish to a half-open Redis takes
seconds. A broker that fails opens a circuit breaker, and notifications sent meanwhile are dropped: the sweeper sends
new ones for work that nobody claimed. A queue that holds enough notifications gets no more, and those for one queue
within a few milliseconds of its last are sent as one: 1,000 submits a second ask the broker 100 times.
"""

from __future__ import annotations

import os
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from celery import Celery
from kombu.exceptions import KombuError

from jobs.errors import BrokerUnavailable, JobsError
from jobs.states import Step

_log = structlog.get_logger(__name__)

#: Name of the task on the wire; its arguments are (queue, job id). Workers of every version take these two.
NOTIFY_TASK = "voicemill.ring"
#: Before every key in Redis, so that we may share a database with others.
KEY_PREFIX = "voicemill:"

_SLOTS_MAX_AGE_S = 5.0
#: Seconds between two publishes for one queue. Whichever worker claims upon the first notifies again while more is
#: ready.
_PUBLISH_INTERVAL_S = 0.01
#: And where the queue was full: its consumers find what is ready by then.
_FULL_QUEUE_INTERVAL_S = 0.05


def broker_options(*, timeout_s: float = 10.0, connect_timeout_s: float = 5.0) -> dict[str, Any]:
    """`broker_transport_options` of every process. A worker's connection waits for messages and takes the defaults."""
    return {
        "global_keyprefix": KEY_PREFIX,
        # Chunks have priorities, notifications have none: one list in Redis for each queue, where Kombu would read 4.
        "priority_steps": [0],
        # A lost notification costs nothing: Redis need not keep a second copy of what is not acknowledged yet.
        "ack_emulation": False,
        # A half-open connection is closed after 1 + 2 × this many seconds.
        "health_check_interval": 10,
        "socket_timeout": timeout_s,
        "socket_connect_timeout": connect_timeout_s,
        "socket_keepalive": True,
    }


def broker_tls(broker_url: str) -> dict[str, Any] | None:
    """`broker_use_ssl`: the server's certificate is verified wherever the URL asks for TLS."""
    return {"ssl_cert_reqs": ssl.CERT_REQUIRED} if broker_url.startswith(("rediss://", "amqps://")) else None


class CeleryDispatch:
    """Notifies by publishing `NOTIFY_TASK`. Threads may share one; a forked child starts its own thread."""

    def __init__(
        self,
        broker_url: str,
        *,
        slots_of: Callable[[str], int] | None = None,
        timeout_s: float = 1.0,
        longest_pause_s: float = 5.0,
    ) -> None:
        """`slots_of`: live slots of a queue, called every few seconds by the background thread; unset = 1.

        `timeout_s`: for each request to the broker. `longest_pause_s`: how long at most nothing is published after the
        broker has failed.
        """
        self._url, self._timeout_s = broker_url, timeout_s
        self._slots_of = slots_of
        self._slots: dict[str, tuple[float, int]] = {}
        self._app = _publisher(broker_url, timeout_s)
        self._breaker = _Breaker(longest_pause_s)
        self._thread = threading.Thread()  # not started, so not alive
        self._reset()

    def notify(self, queue: str, *, job_id: str = "", step: Step | None = None, count: int = 1) -> None:
        if self._pid != os.getpid():
            self._reset()  # a forked child: the thread stayed with the parent, and so must the socket
        if count <= 0 or self._is_closing or self._breaker.is_open:
            return
        with self._wake:
            earlier = self._pending.get(queue)
            self._pending[queue] = _Pending(count + (earlier.count if earlier else 0), job_id, step)
            if not self._thread.is_alive():
                self._thread = self._start()
            if earlier is None:
                self._wake.notify()

    def close(self) -> None:
        with self._wake:
            self._is_closing = True
            self._wake.notify()
        if self._pid == os.getpid() and self._thread.ident is not None:
            self._thread.join(1.0)

    def check(self) -> None:
        """Whether the broker answers, for health. Raises BrokerUnavailable within a few timeouts."""
        connection = self._connection()
        try:
            # Not `connect()`: it tries twice and waits two seconds in between.
            connection.default_channel.queue_declare(queue="health", passive=False)
        except self._failures as error:
            raise BrokerUnavailable(f"the message broker does not answer ({type(error).__name__})") from error
        finally:
            connection.release()

    # -- the background thread ---------------------------------------------------------------------------------------
    def _reset(self) -> None:
        self._pid = os.getpid()
        self._wake = threading.Condition()
        self._pending: dict[str, _Pending] = {}
        self._next_publish_at: dict[str, float] = {}
        self._is_closing = False
        self._producer: Any = None
        self._failures = (
            OSError,
            KombuError,
            *self._connection().connection_errors,
            *self._connection().channel_errors,
        )

    def _start(self) -> threading.Thread:
        thread = threading.Thread(target=self._run, name="notifier", daemon=True)
        thread.start()
        return thread

    def _connection(self) -> Any:
        # By URL: Celery would let an environment variable of its own win over the setting.
        return self._app.connection_for_write(self._url)

    def _run(self) -> None:
        try:
            while True:
                with self._wake:
                    while not (due := self._take_due()) and not self._is_closing:
                        self._wake.wait(self._wait_s())
                if not due:
                    return
                self._publish_all(due)
        finally:
            self._disconnect()

    def _take_due(self) -> dict[str, _Pending]:
        """What may be sent now: all queues at the end, else those whose last publish is long enough ago."""
        now = time.monotonic()
        due = {
            queue: pending
            for queue, pending in self._pending.items()
            if self._is_closing or now >= self._next_publish_at.get(queue, now)
        }
        for queue in due:
            del self._pending[queue]
        return due

    def _wait_s(self) -> float | None:
        """Seconds until the next queue is due; None while nothing is pending."""
        if not self._pending:
            return None
        return max(0.0, min(self._next_publish_at[queue] for queue in self._pending) - time.monotonic())

    def _publish_all(self, due: dict[str, _Pending]) -> None:
        try:
            for queue, pending in due.items():
                has_room = self._publish(queue, pending)
                interval_s = _PUBLISH_INTERVAL_S if has_room else _FULL_QUEUE_INTERVAL_S
                self._next_publish_at[queue] = time.monotonic() + interval_s
        except self._failures as error:
            self._disconnect()
            pause_s = self._breaker.fail()
            # Without the message: it may quote the URL with its password.
            _log.warning("broker_unreachable", error=type(error).__name__, pause_s=pause_s)
        else:
            self._breaker.succeed()

    def _publish(self, queue: str, pending: _Pending) -> bool:
        """Returns whether the queue had room for a notification."""
        if self._producer is None:
            self._producer = self._app.amqp.Producer(self._connection(), auto_declare=False)
        # Declaring a queue tells how many messages wait in it; on Redis that is one round trip and makes nothing.
        unanswered = self._app.amqp.queues[queue](self._producer.channel).queue_declare().message_count
        room = max(1, 2 * self._live_slots(queue)) - unanswered
        for _ in range(min(pending.count, room)):
            self._app.send_task(
                NOTIFY_TASK,
                args=(queue, pending.job_id),
                **pending.describe(queue),
                queue=queue,
                producer=self._producer,
                retry=False,
                ignore_result=True,
                add_to_parent=False,
            )
        return bool(room > 0)

    def _live_slots(self, queue: str) -> int:
        if self._slots_of is None:
            return 1
        asked_at, slots = self._slots.get(queue, (float("-inf"), 1))
        if time.monotonic() - asked_at > _SLOTS_MAX_AGE_S:
            try:
                slots = self._slots_of(queue)
            except JobsError:
                pass  # the database is down: the last known number will do
            self._slots[queue] = (time.monotonic(), slots)
        return slots

    def _disconnect(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.connection.release()


@dataclass(frozen=True, slots=True)
class _Pending:
    """Notifications of one queue that are yet to be sent."""

    count: int
    job_id: str
    step: Step | None

    def describe(self, queue: str) -> dict[str, str]:
        """What monitors show as name and arguments. Workers of any version go by the true ones, and ignore this."""
        known = {"queue": queue, "job": self.job_id, "step": self.step.value if self.step else ""}
        return {
            "shadow": ".".join(filter(None, ("voicemill", queue, known["step"]))),
            "kwargsrepr": repr({name: value for name, value in known.items() if value}),
        }


class _Breaker:
    """A circuit breaker: open for a while after each failure, longer every time, until a publish succeeds."""

    def __init__(self, longest_pause_s: float) -> None:
        self._longest_pause_s = longest_pause_s
        self._pause_s = 0.0
        self._open_until = float("-inf")

    @property
    def is_open(self) -> bool:
        return time.monotonic() < self._open_until

    def fail(self) -> float:
        """Seconds that it stays open now."""
        self._pause_s = min(self._longest_pause_s, max(0.25, 2 * self._pause_s))
        self._open_until = time.monotonic() + self._pause_s
        return self._pause_s

    def succeed(self) -> None:
        self._pause_s = 0.0
        self._open_until = float("-inf")


def _publisher(broker_url: str, timeout_s: float) -> Celery:
    app = Celery("voicemill-notifier", broker=broker_url, set_as_current=False)
    app.conf.update(
        broker_transport_options={
            **broker_options(timeout_s=timeout_s, connect_timeout_s=timeout_s),
            # Kombu would try to connect again and again, and wait in between.
            "max_retries": 0,
            "interval_start": 0,
        },
        broker_use_ssl=broker_tls(broker_url),
        broker_connection_timeout=timeout_s,
        task_serializer="json",
        accept_content=["json"],
        result_backend=None,
        task_ignore_result=True,
        task_send_sent_event=False,
        # Queues are declared by their workers; a publisher accepts every name that it is given.
        task_create_missing_queues=True,
    )
    return app
