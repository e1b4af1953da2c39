"""Requests of many chunks in one call, each answered to its own."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import BadInput
from pipelines.pipeline import StepInterrupted
from tests.services.machine_speed import deadline, poll
from workers.engines.batching import Batcher
from workers.engines.engine_time import EngineClock


class Requester:
    """A requester that can be stopped."""

    def __init__(self):
        self.stopped = False
        self.ticks = 0
        self.engine_s = 0.0

    def is_stopped(self):
        return self.stopped

    def tick(self):
        self.ticks += 1

    def charge(self, engine_s):
        self.engine_s += engine_s


class Doubling:
    """A family that doubles numbers, remembers its calls, and may be held inside one."""

    def __init__(self):
        self.calls = []
        self.gate = threading.Event()
        self.gate.set()
        self.inside = threading.Semaphore(0)

    def synthesise(self, requests, tick):
        self.calls.append(list(requests))
        self.inside.release()
        assert self.gate.wait(deadline(30))
        tick()
        if "bad" in requests:
            raise BadInput("cannot double that")
        return [2 * request for request in requests]


@pytest.fixture
def family():
    return Doubling()


@pytest.fixture
def threads():
    with ThreadPoolExecutor(16) as pool:
        yield pool


@pytest.fixture
def batcher(family):
    made = Batcher(family.synthesise, slots=4)
    yield made
    family.gate.set()
    made.close()


def _hold(family, batcher, threads, lane="bulk"):
    """A call that stays inside the family until the gate opens, so that others must wait."""
    family.gate.clear()
    held = threads.submit(batcher.call, [0], lane=lane, requester=Requester())
    assert family.inside.acquire(timeout=deadline(30))
    return held


def _wait_until_waiting(batcher, count, lane="bulk"):
    lane = batcher._lanes[lane]
    assert poll(lambda: len(lane._waiting) == count), f"{len(lane._waiting)} wait, not {count}"


def test_a_call_answers_in_order(batcher):
    assert batcher.call([3, 1, 2], lane="bulk", requester=Requester()) == [6, 2, 4]


def test_requests_that_wait_share_one_call(family, batcher, threads):
    held = _hold(family, batcher, threads)
    answers = [threads.submit(batcher.call, [n], lane="bulk", requester=Requester()) for n in (1, 2, 3)]
    _wait_until_waiting(batcher, 3)
    family.gate.set()
    assert [answer.result(deadline(30)) for answer in answers] == [[2], [4], [6]]
    held.result(deadline(30))
    assert sorted(len(call) for call in family.calls) == [1, 3]


def test_no_call_has_more_requests_than_slots(family, batcher):
    assert batcher.call(list(range(10)), lane="bulk", requester=Requester()) == [2 * n for n in range(10)]
    assert [len(call) for call in family.calls] == [4, 4, 2]


def test_the_interactive_lane_does_not_wait_for_bulk(family, batcher, threads):
    held = _hold(family, batcher, threads)
    quick = threads.submit(batcher.call, [5], lane="interactive", requester=Requester())
    assert family.inside.acquire(timeout=deadline(30)), (
        "the interactive request is inside the family while bulk still is"
    )
    assert not held.done()
    family.gate.set()
    assert quick.result(deadline(30)) == [10]
    held.result(deadline(30))


def test_bad_input_spoils_itself_only(family, batcher, threads):
    held = _hold(family, batcher, threads)
    bad = threads.submit(batcher.call, ["bad"], lane="bulk", requester=Requester())
    good = threads.submit(batcher.call, [4], lane="bulk", requester=Requester())
    _wait_until_waiting(batcher, 2)
    family.gate.set()
    assert good.result(deadline(30)) == [8]
    with pytest.raises(BadInput):
        bad.result(deadline(30))
    held.result(deadline(30))


def test_a_stopped_chunk_that_waits_is_never_asked_for(family, batcher, threads):
    held = _hold(family, batcher, threads)
    requester = Requester()
    waiting = threads.submit(batcher.call, [7], lane="bulk", requester=requester)
    _wait_until_waiting(batcher, 1)
    requester.stopped = True
    family.gate.set()
    with pytest.raises(StepInterrupted):
        waiting.result(deadline(30))
    held.result(deadline(30))
    assert [7] not in family.calls


def test_a_call_is_interrupted_only_when_nobody_waits_for_it(family, batcher, threads):
    held = _hold(family, batcher, threads)
    requesters = Requester(), Requester()
    answers = [
        threads.submit(batcher.call, [n], lane="bulk", requester=requester) for n, requester in enumerate(requesters)
    ]
    _wait_until_waiting(batcher, 2)
    family.gate.set()
    held.result(deadline(30))
    assert [answer.result(deadline(30)) for answer in answers] == [[0], [2]]

    family.gate.clear()
    lonely = Requester()
    answer = threads.submit(batcher.call, [9], lane="bulk", requester=lonely)
    for _ in range(3):
        family.inside.acquire(timeout=deadline(30))
        if [9] in family.calls:
            break
    lonely.stopped = True
    family.gate.set()
    with pytest.raises(StepInterrupted):
        answer.result(deadline(30))


def test_who_waits_in_the_lane_is_told_that_the_engine_lives(family, batcher, threads):
    held = _hold(family, batcher, threads)
    requester = Requester()
    waiting = threads.submit(batcher.call, [1], lane="bulk", requester=requester)
    _wait_until_waiting(batcher, 1)
    family.gate.set()
    waiting.result(deadline(30))
    held.result(deadline(30))
    assert requester.ticks >= 2, "once while it waited, once in its own call"


def test_too_few_answers_are_an_error_and_the_lane_goes_on():
    batcher = Batcher(lambda requests, tick: requests[1:], slots=4)
    for _ in range(2):
        with pytest.raises(ValueError, match="zip"):
            batcher.call([1], lane="bulk", requester=Requester())
    batcher.close()


def test_closing_interrupts_what_waits(family, batcher, threads):
    held = _hold(family, batcher, threads)
    waiting = threads.submit(batcher.call, [1], lane="bulk", requester=Requester())
    _wait_until_waiting(batcher, 1)
    batcher.close()
    family.gate.set()
    with pytest.raises(StepInterrupted):
        waiting.result(deadline(30))
    held.result(deadline(30))
    with pytest.raises(StepInterrupted):
        batcher.call([1], lane="bulk", requester=Requester())


class TimedDoubling(Doubling):
    """A family whose call takes a second for each unit of size, by a clock of its own."""

    def __init__(self):
        super().__init__()
        self.now = 0.0
        self._lock = threading.Lock()

    def synthesise(self, requests, tick):
        answer = super().synthesise(requests, tick)
        with self._lock:
            self.now += sum(requests)
        return answer


def test_the_time_of_a_shared_call_is_divided_by_size(threads):
    family = TimedDoubling()
    batcher = Batcher(family.synthesise, slots=4, clock=EngineClock(lambda: family.now), size=float)
    held = _hold(family, batcher, threads)
    requesters = [Requester() for _ in range(3)]
    answers = [
        threads.submit(batcher.call, [size], lane="bulk", requester=requester)
        for size, requester in zip((1, 2, 5), requesters, strict=True)
    ]
    _wait_until_waiting(batcher, 3)
    family.gate.set()
    for answer in [held, *answers]:
        answer.result(deadline(30))
    assert [requester.engine_s for requester in requesters] == pytest.approx([1.0, 2.0, 5.0])
    batcher.close()


def test_a_run_is_not_charged_while_it_waits_for_others(family, batcher, threads):
    held = _hold(family, batcher, threads)
    waiting = Requester()
    answer = threads.submit(batcher.call, [], lane="bulk", requester=waiting)
    answer.result(deadline(30))
    family.gate.set()
    held.result(deadline(30))
    assert waiting.engine_s == 0.0


def test_a_call_that_fails_is_charged_to_nobody(threads):
    times = [0.0]

    def compute(requests, tick):
        times[0] += 1.0
        raise BadInput("no")

    batcher = Batcher(compute, slots=4, clock=EngineClock(lambda: times[0]))
    requester = Requester()
    with pytest.raises(BadInput):
        batcher.call([1], lane="bulk", requester=requester)
    assert requester.engine_s == 0.0
    batcher.close()


@settings(max_examples=20)
@given(
    calls=st.lists(
        st.tuples(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.sampled_from(["bulk", "interactive"])),
        min_size=1,
        max_size=8,
    ),
    slots=st.integers(1, 5),
)
def test_all_runs_together_are_never_charged_more_than_the_time_that_passed(calls, slots):
    family = TimedDoubling()
    batcher = Batcher(family.synthesise, slots=slots, clock=EngineClock(lambda: family.now), size=float)
    requesters = [Requester() for _ in calls]
    with ThreadPoolExecutor(8) as pool:
        answers = [
            pool.submit(batcher.call, requests, lane=lane, requester=requester)
            for (requests, lane), requester in zip(calls, requesters, strict=True)
        ]
        for answer in answers:
            answer.result(deadline(30))
    batcher.close()
    assert all(requester.engine_s > 0 for requester in requesters) or family.now == 0
    assert sum(requester.engine_s for requester in requesters) == pytest.approx(family.now)
