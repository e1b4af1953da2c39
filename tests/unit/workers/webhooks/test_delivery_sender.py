"""The threads that send webhooks."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from structlog.testing import capture_logs

from jobs.errors import StoreUnavailable
from jobs.worker_counters import WEBHOOK_ATTEMPTS, WorkerCounters
from tests.services.machine_speed import deadline, poll
from tests.unit.workers.webhooks.test_delivery import Deliveries, Receiver
from workers.webhooks import delivery_sender
from workers.webhooks.delivery import MOST_OF_TENANT
from workers.webhooks.delivery_sender import DeliverySender


class Due:
    """So many deliveries, each of which is held until `gate` opens."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.lock = threading.Lock()
        self.gate = threading.Event()
        self.inside = 0
        self.most_inside = 0

    def deliver_one(self, *_: Any, **__: Any) -> bool:
        with self.lock:
            if not self.count:
                return False
            self.count -= 1
            self.inside += 1
            self.most_inside = max(self.most_inside, self.inside)
        assert self.gate.wait(deadline(30))
        with self.lock:
            self.inside -= 1
        return True


@pytest.fixture
def sender() -> DeliverySender:
    return DeliverySender(None, None, "w")  # type: ignore[arg-type]


def test_one_notification_sends_all_that_is_due_and_many_at_once(
    sender: DeliverySender, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = Due(20)
    monkeypatch.setattr(delivery_sender, "deliver_one", due.deliver_one)
    due.gate.set()
    assert sender.consume() == 1
    assert poll(lambda: due.count == 0)
    sender.close()


def test_no_more_threads_than_allowed(sender: DeliverySender, monkeypatch: pytest.MonkeyPatch) -> None:
    due = Due(20)
    monkeypatch.setattr(delivery_sender, "deliver_one", due.deliver_one)
    assert [sender.consume() for _ in range(10)] == [1, 2, 3, 4, 5, 6, 7, 8, 8, 8]
    assert poll(lambda: due.inside == 8)
    due.gate.set()
    assert poll(lambda: due.count == 0)
    sender.close()
    assert due.most_inside == 8 == 2 * MOST_OF_TENANT, "half of them for one tenant"


def test_after_closing_nothing_is_sent(sender: DeliverySender, monkeypatch: pytest.MonkeyPatch) -> None:
    due = Due(1)
    monkeypatch.setattr(delivery_sender, "deliver_one", due.deliver_one)
    sender.close()
    assert sender.consume() == 0
    assert due.count == 1


def test_a_database_that_is_down_ends_the_thread_and_not_the_sender(
    sender: DeliverySender, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any, **__: Any) -> bool:
        raise StoreUnavailable

    with capture_logs() as logs:
        monkeypatch.setattr(delivery_sender, "deliver_one", down)
        sender.consume()
        assert poll(lambda: sender._active_threads == 0)
    assert [log["event"] for log in logs] == ["delivery_postponed"]
    due = Due(1)
    due.gate.set()
    monkeypatch.setattr(delivery_sender, "deliver_one", due.deliver_one)
    sender.consume()
    assert poll(lambda: due.count == 0)
    sender.close()


def test_attempts_are_counted_by_outcome() -> None:
    deliveries, counters = Deliveries(), WorkerCounters()
    deliveries.due *= 3
    receiver = Receiver(status=500)
    answers = iter((200, 500, 200))

    def post(*_: Any, **__: Any) -> Any:
        receiver.response.status = next(answers)
        return receiver.response

    receiver.post = post  # type: ignore[method-assign]  # a receiver that changes its answer
    sender = DeliverySender(deliveries, receiver, "w", counters)  # type: ignore[arg-type]  # fakes
    sender.consume()
    assert poll(lambda: len(deliveries.finished) == 3)
    sender.close()
    found = {each.labels: each.value for each in counters.values() if each.name == WEBHOOK_ATTEMPTS.name}
    assert found == {("delivered",): 2, ("failed",): 1}
