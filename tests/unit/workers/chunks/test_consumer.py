"""Consumption of notifications, with a store and an execution that only remember."""

from types import SimpleNamespace

import pytest

from jobs.errors import StoreUnavailable
from jobs.states import Priority
from workers.chunks.consumer import Consumer
from workers.chunks.slots import Slots


class RecordingDispatch:
    def __init__(self):
        self.notified = []

    def notify(self, queue, *, job_id="", step=None, count=1):
        self.notified.append(queue)


class Ready:
    """A store with chunks that are ready, by priority."""

    def __init__(self, *priorities):
        self.waiting = list(priorities)
        self.asked = []

    def claim(self, queues, worker_id, *, lease_ms, interactive_only=False):
        self.asked.append((tuple(queues), interactive_only))
        fitting = [one for one in self.waiting if not interactive_only or one is Priority.INTERACTIVE]
        if not fitting:
            return None
        self.waiting.remove(fitting[0])
        return SimpleNamespace(job=SimpleNamespace(priority=fitting[0]), more_ready=bool(self.waiting))


class Execution:
    """Notes what is run in which lane, and what happens meanwhile."""

    def __init__(self):
        self.lanes = []
        self.meanwhile = lambda: None
        self.engines = SimpleNamespace(is_warm=lambda: True)
        self.space = SimpleNamespace(is_short=lambda: False)

    def run(self, claim, *, lane, claimed_at):
        self.lanes.append((claim.job.priority, lane))
        self.meanwhile()


@pytest.fixture
def dispatch():
    return RecordingDispatch()


@pytest.fixture
def execution():
    return Execution()


def make(store, execution, dispatch, slots=2):
    return Consumer(
        chunks=store, dispatch=dispatch, execution=execution, slots=Slots(slots), worker_id="i:h:p:1", lease_s=60
    )


def test_one_notification_consumes_all_that_is_ready(execution, dispatch):
    consumer = make(Ready(Priority.NORMAL, Priority.BULK, Priority.NORMAL), execution, dispatch)
    assert consumer.consume("q") == 3
    assert [lane for _, lane in execution.lanes] == ["bulk"] * 3


def test_while_the_disk_is_nearly_full_nothing_is_claimed(execution, dispatch):
    store = Ready(Priority.INTERACTIVE)
    consumer = make(store, execution, dispatch)
    execution.space.is_short = lambda: True
    assert (consumer.consume("q"), store.asked) == (0, [])
    execution.space.is_short = lambda: False
    assert consumer.consume("q") == 1


def test_without_ready_chunks_a_notification_does_nothing(execution, dispatch):
    assert make(Ready(), execution, dispatch).consume("q") == 0
    assert dispatch.notified == []


def test_it_notifies_others_before_it_begins_while_there_is_more(execution, dispatch):
    consumer = make(Ready(Priority.NORMAL, Priority.NORMAL), execution, dispatch)
    notified_at_start = []
    execution.meanwhile = lambda: notified_at_start.append(len(dispatch.notified))
    consumer.consume("q")
    assert notified_at_start == [1, 1]


def test_after_two_seconds_another_notification_takes_over(execution, dispatch, monkeypatch):
    monkeypatch.setattr("workers.chunks.consumer._MAX_CONSUME_S", 0.0)
    store = Ready(Priority.NORMAL, Priority.NORMAL)
    assert make(store, execution, dispatch).consume("q") == 1
    assert dispatch.notified[-1] == "q"
    assert len(store.waiting) == 1


def test_with_bulk_full_only_interactive_chunks_are_claimed(execution, dispatch):
    store = Ready(Priority.NORMAL, Priority.NORMAL, Priority.INTERACTIVE)
    consumer = make(store, execution, dispatch, slots=1)
    execution.meanwhile = lambda: (setattr(execution, "meanwhile", lambda: None), consumer.consume("q"))
    consumer.consume("q")
    assert (("q",), True) in store.asked
    assert execution.lanes[1] == (Priority.INTERACTIVE, "interactive")


def test_with_every_slot_taken_nothing_is_claimed(execution, dispatch):
    store = Ready(*[Priority.INTERACTIVE] * 5)
    consumer = make(store, execution, dispatch, slots=1)
    depths, counts = [], []

    def again():
        if len(depths) < 2:
            depths.append(None)
            counts.append(consumer.consume("q"))

    execution.meanwhile = again
    consumer.consume("q")
    assert counts[0] == 0, "the innermost of three dispatch found both slots taken"


def test_an_interactive_chunk_leaves_the_bulk_slot_to_bulk(execution, dispatch):
    store = Ready(Priority.INTERACTIVE, Priority.NORMAL)
    consumer = make(store, execution, dispatch, slots=1)
    execution.meanwhile = lambda: (setattr(execution, "meanwhile", lambda: None), consumer.consume("q"))
    consumer.consume("q")
    assert execution.lanes == [(Priority.INTERACTIVE, "interactive"), (Priority.NORMAL, "bulk")]


def test_after_the_last_ready_chunk_nobody_asks_again(execution, dispatch):
    store = Ready(Priority.NORMAL, Priority.NORMAL)
    assert make(store, execution, dispatch).consume("q") == 2
    assert len(store.asked) == 2


def test_a_notification_that_found_no_bulk_slot_is_consumed_when_one_is_free(execution, dispatch):
    store = Ready(Priority.NORMAL)
    consumer = make(store, execution, dispatch, slots=1)

    def another_comes():
        execution.meanwhile = lambda: None
        store.waiting.append(Priority.NORMAL)
        assert consumer.consume("q") == 0

    execution.meanwhile = another_comes
    assert consumer.consume("q") == 2
    assert store.waiting == []


def test_a_notification_of_another_queue_that_found_no_bulk_slot_is_sent_again(execution, dispatch):
    consumer = make(Ready(Priority.NORMAL), execution, dispatch, slots=1)
    execution.meanwhile = lambda: consumer.consume("p")
    consumer.consume("q")
    assert dispatch.notified == ["p"]


def test_with_every_bulk_slot_taken_it_notifies_others_now_and_then_only(execution, dispatch, monkeypatch):
    store = Ready(*[Priority.NORMAL] * 5)
    make(store, execution, dispatch, slots=1).consume("q")
    assert dispatch.notified == ["q"]
    monkeypatch.setattr("workers.chunks.consumer._NOTIFY_OTHERS_EVERY_S", 0.0)
    store.waiting = [Priority.NORMAL] * 5
    make(store, execution, dispatch, slots=1).consume("q")
    assert dispatch.notified == ["q"] * 5


def test_a_cold_engine_claims_nothing(execution, dispatch):
    execution.engines = SimpleNamespace(is_warm=lambda: False)
    store = Ready(Priority.NORMAL)
    assert make(store, execution, dispatch).consume("q") == 0
    assert store.asked == []


def test_after_a_stop_nothing_is_claimed(execution, dispatch):
    store = Ready(Priority.NORMAL, Priority.NORMAL)
    consumer = make(store, execution, dispatch)
    execution.meanwhile = consumer.stop
    assert consumer.consume("q") == 1
    assert consumer.consume("q") == 0


def test_a_store_that_does_not_answer_ends_the_call_and_keeps_the_slot_free(execution, dispatch):
    store = Ready()

    def gone(*_, **__):
        raise StoreUnavailable

    answering, store.claim = store.claim, gone
    consumer = make(store, execution, dispatch, slots=1)
    assert [consumer.consume("q") for _ in range(5)] == [0] * 5
    store.claim = answering
    store.waiting.append(Priority.NORMAL)
    assert consumer.consume("q") == 1
