"""How long a worker may write under a lease, by its own clock. With heartbeats: test_heartbeat.py."""

import pytest

from jobs.chunk import Chunk, Claim
from jobs.errors import LeaseLost
from jobs.job import Job
from jobs.states import ChunkState, JobState, Priority, Step
from workers.chunks.lease import Lease
from workers.chunks.outcomes import JobStopped, WorkerStopping


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def make_lease(clock, lease_ms=60_000):
    job = Job("job_1", "t", "tts.synthesize", "tone", JobState.RUNNING, Priority.NORMAL, {}, {}, 0, 0, 0)
    chunk = Chunk("chk_1", job.id, "t", Step.WORK, 1, 0, "q", ChunkState.RUNNING, fence=1, units=1.0, span={})
    return Lease(Claim(job, chunk, lease_ms), claimed_at=clock.now, clock=clock)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def lease(clock):
    return make_lease(clock)


def test_a_lease_ends_ten_seconds_early_by_our_clock(lease, clock):
    clock.now += 49.9
    lease.check()
    clock.now += 0.2
    with pytest.raises(LeaseLost):
        lease.check()


def test_short_leases_keep_a_sixth_as_margin(clock):
    lease = make_lease(clock, lease_ms=6_000)
    clock.now += 4.9
    lease.check()
    clock.now += 0.2
    with pytest.raises(LeaseLost):
        lease.check()


def test_a_chunk_of_a_stopping_worker_is_released(lease):
    lease.interrupt()
    with pytest.raises(WorkerStopping):
        lease.check()


def test_a_cancel_outweighs_the_stop_of_the_worker(lease):
    lease.interrupt()
    lease.apply_heartbeat(sent_at=1000.0, alive=True, stop=True)
    with pytest.raises(JobStopped):
        lease.check()


def test_what_remains_is_counted_until_the_margin(lease, clock):
    clock.now += 20
    assert lease.remaining_s() == pytest.approx(30.0)
    clock.now += 60
    assert lease.remaining_s() == 0.0
