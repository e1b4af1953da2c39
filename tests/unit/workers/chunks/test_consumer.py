"""What a bell sets off, with a store and an execution that only remember."""

from types import SimpleNamespace

import pytest

from jobs.errors import StoreUnavailable
from jobs.states import Priority
from workers.chunks.consumer import Claiming
from workers.chunks.slots import Slots


class Bells:
    def __init__(self):
        self.rung = []

    def ring(self, queue, *, hint="", count=1):
        self.rung.append(queue)


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

    def run(self, claim, *, lane, claimed_at):
        self.lanes.append((claim.job.priority, lane))
        self.meanwhile()


@pytest.fixture
def bells():
    return Bells()


@pytest.fixture
def execution():
    return Execution()


def make(store, execution, bells, slots=2):
    return Claiming(
        store=store, dispatch=bells, execution=execution, slots=Slots(slots), worker_id="i:h:p:1", lease_s=60
    )


def test_one_bell_is_answered_by_all_that_is_ready(execution, bells):
    claiming = make(Ready(Priority.NORMAL, Priority.BULK, Priority.NORMAL), execution, bells)
    assert claiming.answer("q") == 3
    assert [lane for _, lane in execution.lanes] == ["bulk"] * 3


def test_nothing_ready_is_a_bell_too_many(execution, bells):
    assert make(Ready(), execution, bells).answer("q") == 0
    assert bells.rung == []


def test_it_rings_for_others_before_it_begins_while_there_is_more(execution, bells):
    claiming = make(Ready(Priority.NORMAL, Priority.NORMAL), execution, bells)
    rung_at_start = []
    execution.meanwhile = lambda: rung_at_start.append(len(bells.rung))
    claiming.answer("q")
    assert rung_at_start == [1, 1]


def test_after_two_seconds_another_bell_takes_over(execution, bells, monkeypatch):
    monkeypatch.setattr("workers.chunks.consumer._ONE_BELL_S", 0.0)
    store = Ready(Priority.NORMAL, Priority.NORMAL)
    assert make(store, execution, bells).answer("q") == 1
    assert bells.rung[-1] == "q"
    assert len(store.waiting) == 1


def test_with_bulk_full_only_interactive_chunks_are_claimed(execution, bells):
    store = Ready(Priority.NORMAL, Priority.NORMAL, Priority.INTERACTIVE)
    claiming = make(store, execution, bells, slots=1)
    execution.meanwhile = lambda: (setattr(execution, "meanwhile", lambda: None), claiming.answer("q"))
    claiming.answer("q")
    assert (("q",), True) in store.asked
    assert execution.lanes[1] == (Priority.INTERACTIVE, "interactive")


def test_with_every_slot_taken_nothing_is_claimed(execution, bells):
    store = Ready(*[Priority.INTERACTIVE] * 5)
    claiming = make(store, execution, bells, slots=1)
    depths, counts = [], []

    def again():
        if len(depths) < 2:
            depths.append(None)
            counts.append(claiming.answer("q"))

    execution.meanwhile = again
    claiming.answer("q")
    assert counts[0] == 0, "the innermost of three bells found both slots taken"


def test_an_interactive_chunk_leaves_the_bulk_slot_to_bulk(execution, bells):
    store = Ready(Priority.INTERACTIVE, Priority.NORMAL)
    claiming = make(store, execution, bells, slots=1)
    execution.meanwhile = lambda: (setattr(execution, "meanwhile", lambda: None), claiming.answer("q"))
    claiming.answer("q")
    assert execution.lanes == [(Priority.INTERACTIVE, "interactive"), (Priority.NORMAL, "bulk")]


def test_after_the_last_ready_chunk_nobody_asks_again(execution, bells):
    store = Ready(Priority.NORMAL, Priority.NORMAL)
    assert make(store, execution, bells).answer("q") == 2
    assert len(store.asked) == 2


def test_a_bell_that_found_no_bulk_slot_is_answered_when_one_is_free(execution, bells):
    store = Ready(Priority.NORMAL)
    claiming = make(store, execution, bells, slots=1)

    def another_comes():
        execution.meanwhile = lambda: None
        store.waiting.append(Priority.NORMAL)
        assert claiming.answer("q") == 0

    execution.meanwhile = another_comes
    assert claiming.answer("q") == 2
    assert store.waiting == []


def test_a_bell_of_another_queue_that_found_no_bulk_slot_is_rung_again(execution, bells):
    claiming = make(Ready(Priority.NORMAL), execution, bells, slots=1)
    execution.meanwhile = lambda: claiming.answer("p")
    claiming.answer("q")
    assert bells.rung == ["p"]


def test_with_every_bulk_slot_taken_it_rings_for_others_now_and_then_only(execution, bells, monkeypatch):
    store = Ready(*[Priority.NORMAL] * 5)
    make(store, execution, bells, slots=1).answer("q")
    assert bells.rung == ["q"]
    monkeypatch.setattr("workers.chunks.consumer._FOR_OTHERS_EVERY_S", 0.0)
    store.waiting = [Priority.NORMAL] * 5
    make(store, execution, bells, slots=1).answer("q")
    assert bells.rung == ["q"] * 5


def test_a_cold_engine_claims_nothing(execution, bells):
    execution.engines = SimpleNamespace(is_warm=lambda: False)
    store = Ready(Priority.NORMAL)
    assert make(store, execution, bells).answer("q") == 0
    assert store.asked == []


def test_after_a_stop_nothing_is_claimed(execution, bells):
    store = Ready(Priority.NORMAL, Priority.NORMAL)
    claiming = make(store, execution, bells)
    execution.meanwhile = claiming.stop
    assert claiming.answer("q") == 1
    assert claiming.answer("q") == 0


def test_a_store_that_does_not_answer_ends_the_bell_and_keeps_the_slot_free(execution, bells):
    store = Ready()

    def gone(*_, **__):
        raise StoreUnavailable

    answering, store.claim = store.claim, gone
    claiming = make(store, execution, bells, slots=1)
    assert [claiming.answer("q") for _ in range(5)] == [0] * 5
    store.claim = answering
    store.waiting.append(Priority.NORMAL)
    assert claiming.answer("q") == 1
