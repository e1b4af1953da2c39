"""Heartbeats extend leases from when they were sent, however late the store answers."""

import pytest

from jobs.chunk import Chunk, Claim, HeartbeatResult
from jobs.errors import LeaseLost, StoreUnavailable
from jobs.job import Job
from jobs.states import ChunkState, JobState, Priority, Step
from workers.chunks.heartbeat import LeaseKeeper
from workers.chunks.lease import Lease
from workers.chunks.outcomes import JobStopped


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class AnsweringChunks:
    """Answers heartbeats as the test says; only `heartbeat` is ever called."""

    def __init__(self):
        self.answers = {}
        self.error = None
        self.asked = []
        self.while_asked = lambda: None

    def heartbeat(self, running, *, lease_ms, progress):
        self.asked.append(({claim.chunk.id for claim in running}, dict(progress)))
        self.while_asked()
        if self.error is not None:
            raise self.error
        return {claim.chunk.id: self.answers.get(claim.chunk.id, HeartbeatResult(alive=True)) for claim in running}


def make_claim(number=1, lease_ms=60_000):
    job = Job("job_1", "t", "tts.synthesize", "tone", JobState.RUNNING, Priority.NORMAL, {}, {}, 0, 0, 0)
    chunk = Chunk(f"chk_{number}", job.id, "t", Step.WORK, 1, 0, "q", ChunkState.RUNNING, fence=1, units=1.0, span={})
    return Claim(job, chunk, lease_ms)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store():
    return AnsweringChunks()


@pytest.fixture
def keeper(store, clock):
    return LeaseKeeper(store, every_s=15, clock=clock)


@pytest.fixture
def lease(keeper, clock):
    held = Lease(make_claim(), claimed_at=clock.now, clock=clock)
    keeper.add(held)
    return held


def test_an_answer_extends_from_when_it_was_asked_for_not_from_when_it_came(lease, keeper, store, clock):
    clock.now += 15

    def slow():
        clock.now += 20

    store.while_asked = slow
    keeper.send_heartbeats()
    clock.now = 1000 + 15 + 49.9
    lease.check()
    clock.now += 0.2
    with pytest.raises(LeaseLost):
        lease.check()


def test_no_answer_extends_nothing(lease, keeper, store, clock):
    store.error = StoreUnavailable()
    for _ in range(4):
        clock.now += 15
        with pytest.raises(StoreUnavailable):
            keeper.send_heartbeats()
    with pytest.raises(LeaseLost):
        lease.check()


def test_a_fence_that_moved_on_is_the_end_at_once(lease, keeper, store):
    store.answers["chk_1"] = HeartbeatResult(alive=False)
    keeper.send_heartbeats()
    with pytest.raises(LeaseLost):
        lease.check()


def test_a_lost_lease_does_not_come_back(lease, keeper, store):
    store.answers["chk_1"] = HeartbeatResult(alive=False)
    keeper.send_heartbeats()
    store.answers["chk_1"] = HeartbeatResult(alive=True)
    keeper.send_heartbeats()
    with pytest.raises(LeaseLost):
        lease.check()


def test_cancel_comes_with_the_heartbeat(lease, keeper, store):
    store.answers["chk_1"] = HeartbeatResult(alive=True, stop=True)
    keeper.send_heartbeats()
    with pytest.raises(JobStopped):
        lease.check()


def test_a_lost_lease_outweighs_a_cancel(lease, keeper, store):
    store.answers["chk_1"] = HeartbeatResult(alive=False, stop=True)
    keeper.send_heartbeats()
    with pytest.raises(LeaseLost):
        lease.check()


def test_a_stalled_engine_gets_no_more_heartbeats(lease, keeper, store, clock):
    lease.stalls_at = clock.now + 120
    keeper.send_heartbeats()
    clock.now += 121
    keeper.send_heartbeats()
    assert len(store.asked) == 1


def test_all_chunks_go_in_one_request_with_their_progress(lease, keeper, store, clock):
    other = Lease(make_claim(2), claimed_at=clock.now, clock=clock)
    keeper.add(other)
    lease.progress, other.progress = 3.5, 7.0
    keeper.send_heartbeats()
    assert store.asked == [({"chk_1", "chk_2"}, {"chk_1": 3.5, "chk_2": 7.0})]


def test_a_removed_chunk_gets_no_heartbeats(lease, keeper, store):
    keeper.remove(lease)
    keeper.send_heartbeats()
    assert store.asked == []
