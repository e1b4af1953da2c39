"""One query for all waiters, and what each of them receives."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest

from api.jobs.watcher import JobWatch, JobWatcher, TooManyWaiters
from jobs.job import NewJob
from jobs.states import JobState
from tests.services.machine_speed import deadline, poll
from tests.unit.api.conftest import TENANT, run_plan


@pytest.fixture
def jobs(services):
    new = NewJob(tenant_id=TENANT, kind="tts.synthesize", model="espeak", params={"text": "a"})
    return [services.store.jobs.submit(new).job for _ in range(10)]


class CountingJobs:
    """Counts queries of versions, and records the jobs that were read in full."""

    def __init__(self, jobs):
        self._jobs, self.queries, self.read = jobs, 0, []

    def versions(self, job_ids):
        self.queries += 1
        return self._jobs.versions(job_ids)

    def get_many(self, job_ids):
        self.read += job_ids
        return self._jobs.get_many(job_ids)


@pytest.fixture
def counting(services):
    return CountingJobs(services.store.jobs)


@pytest.fixture
def watcher(counting):
    watcher = JobWatcher(counting, max_waiters=200, interval_s=0.02)
    yield watcher
    watcher.close()


def test_two_hundred_waiters_share_the_queries_and_all_wake(services, jobs, watcher, counting):
    states = []

    def wait(job):
        with watcher.watch(job) as watch:
            states.append(watch.until_terminal(deadline(30)).state)

    threads = [threading.Thread(target=wait, args=(jobs[number % 10],)) for number in range(200)]
    for thread in threads:
        thread.start()
    assert poll(lambda: watcher.waiters == 200, deadline_s=20)
    before, began = counting.queries, time.monotonic()
    for job in jobs:
        services.store.jobs.cancel(TENANT, job.id)
    for thread in threads:
        thread.join(deadline(30))
    rounds = (time.monotonic() - began) / 0.02 + 2
    assert states == [JobState.CANCELLED] * 200
    assert counting.queries - before <= rounds
    assert watcher.waiters == 0


def test_job_keeps_its_request_which_is_not_read_again(services, jobs, watcher):
    with watcher.watch(jobs[0]) as watch:
        services.store.jobs.cancel(TENANT, jobs[0].id)
        ended = watch.until_terminal(deadline(30))
    assert (ended.state, ended.params) == (JobState.CANCELLED, jobs[0].params)
    assert ended.params


def test_job_is_read_in_full_only_when_it_changed(services, jobs, watcher, counting):
    with watcher.watch(jobs[0]), watcher.watch(jobs[1]) as watch:
        first = counting.queries
        assert poll(lambda: counting.queries > first + 5, deadline_s=20)
        assert sorted(counting.read) == sorted([jobs[0].id, jobs[1].id])
        services.store.jobs.cancel(TENANT, jobs[1].id)
        assert watch.until_terminal(deadline(30)).state is JobState.CANCELLED
        assert counting.read[2:] == [jobs[1].id]


def test_job_that_does_not_change_is_read_less_and_less_often(services, jobs, counting):
    now = [0.0]
    watcher = JobWatcher(counting, max_waiters=10, clock=lambda: now[0])
    watch = JobWatch(jobs[0], now[0])  # not watched by the thread: the test reads in its place

    def queries_in_two_seconds_from(start):
        before, now[0] = counting.queries, start
        for _ in range(40):
            if watch.due_at <= now[0]:
                watcher._read([(jobs[0].id, watch)])
            now[0] += 0.05
        return counting.queries - before

    assert queries_in_two_seconds_from(0.0) == 40
    assert 8 <= queries_in_two_seconds_from(10.0) <= 10
    assert queries_in_two_seconds_from(100.0) == 4
    services.store.jobs.cancel(TENANT, jobs[0].id)
    queries_in_two_seconds_from(102.0)
    assert queries_in_two_seconds_from(104.0) > 20
    watcher.close()


def test_late_waiter_with_an_old_state_gets_the_current_one(services, jobs, watcher):
    with watcher.watch(jobs[0]) as early:
        services.store.jobs.cancel(TENANT, jobs[0].id)
        assert early.until_terminal(deadline(30)).state is JobState.CANCELLED
        with watcher.watch(jobs[0]) as late:
            assert late.until_terminal(deadline(30)).state is JobState.CANCELLED


def test_without_waiters_there_are_no_queries(services, jobs, watcher, counting):
    with watcher.watch(jobs[0]) as watch:
        services.store.jobs.cancel(TENANT, jobs[0].id)
        assert watch.until_terminal(deadline(30)).state is JobState.CANCELLED
    # The thread may be in the middle of one last round.
    settled = counting.queries + 1
    time.sleep(0.3)
    assert counting.queries <= settled


def test_waiter_beyond_the_limit_is_refused(jobs, counting):
    watcher = JobWatcher(counting, max_waiters=1)
    with watcher.watch(jobs[0]), pytest.raises(TooManyWaiters), watcher.watch(jobs[1]):
        pass
    with watcher.watch(jobs[1]):
        assert watcher.waiters == 1
    watcher.close()


def test_one_tenant_leaves_places_to_the_others(jobs, counting):
    watcher = JobWatcher(counting, max_waiters=3, max_tenant_waiters=1)
    other = replace(jobs[0], tenant_id="other")
    with watcher.watch(jobs[0]):
        with pytest.raises(TooManyWaiters), watcher.watch(jobs[1]):
            pass
        with watcher.watch(other):
            assert watcher.waiters == 2
    with watcher.watch(jobs[1]):
        assert watcher.waiters == 1
    watcher.close()


def test_one_key_leaves_places_to_the_others_of_its_tenant(jobs, counting):
    watcher = JobWatcher(counting, max_waiters=3, max_key_waiters=1)
    with watcher.watch(jobs[0], key_id="k1"):
        with pytest.raises(TooManyWaiters), watcher.watch(jobs[1], key_id="k1"):
            pass
        with watcher.watch(jobs[1], key_id="k2"):
            assert watcher.waiters == 2
    watcher.close()


def test_change_before_the_first_query_is_noticed(services, jobs, watcher):
    services.store.jobs.cancel(TENANT, jobs[0].id)
    with watcher.watch(jobs[0]) as watch:
        assert watch.until_terminal(deadline(30)).state is JobState.CANCELLED


def test_next_returns_each_change(services, jobs, watcher):
    with watcher.watch(jobs[0]) as watch:
        assert watch.next(0).state is JobState.ACCEPTED
        for job in jobs[1:]:
            services.store.jobs.cancel(TENANT, job.id)
        run_plan(services, jobs[0], units=[1.0, 2.0])
        job = watch.next(deadline(30))
        while job.state is not JobState.RUNNING:
            job = watch.next(deadline(30))
        assert job.units_total == 3.0


def test_deleted_job_ends_the_wait(services, jobs, watcher):
    with watcher.watch(jobs[0]) as watch:
        services.store.jobs.delete(TENANT, jobs[0].id)
        assert watch.until_terminal(deadline(30)) is None


def test_wait_ends_at_its_timeout(jobs, watcher):
    with watcher.watch(jobs[0]) as watch:
        assert watch.until_terminal(0.1).state is JobState.ACCEPTED


def test_closed_watcher_takes_no_waiters(jobs, counting):
    watcher = JobWatcher(counting, max_waiters=10)
    watcher.close()
    with pytest.raises(TooManyWaiters), watcher.watch(jobs[0]):
        pass


def test_closing_wakes_every_waiter(jobs, counting):
    watcher = JobWatcher(counting, max_waiters=10)
    states = []

    def wait(job):
        with watcher.watch(job) as watch:
            states.append((watch.until_terminal(deadline(60)).state, watch.is_closed))

    threads = [threading.Thread(target=wait, args=(job,)) for job in jobs[:5]]
    for thread in threads:
        thread.start()
    assert poll(lambda: watcher.waiters == 5, deadline_s=20)
    watcher.close()
    for thread in threads:
        thread.join(deadline(30))
    assert states == [(JobState.ACCEPTED, True)] * 5
