"""Several sweepers, on machines with wrong clocks."""

from __future__ import annotations

from pathlib import Path

from jobs.storage.directory_storage import DirectoryStorage
from jobs.storage.ownership import mark_storage
from tests.faults.rig import ROOT, Rig
from tests.inline_dispatch import InlineDispatch
from tests.job_factories import claim_chunk, expire_leases, run_sql, submit_job
from tests.services.machine_speed import poll
from workers.maintenance.sweeper import Sweeper

_SKEWED = Path(__file__).parent / "skewed_clock"


def test_sweepers_with_wrong_clocks_rescue_only_expired_leases(tmp_path, postgres_url, redis_url):
    """Fault: four workers sweep; two have clocks ten minutes fast and slow, and one of the others is killed."""
    with Rig(tmp_path, database_url=postgres_url, broker_url=redis_url) as rig:
        rig.start_worker("cpu", wait=False)
        path = f"{_SKEWED}:{ROOT}"
        for shift_s in ("600", "-600"):
            skewed = {"PYTHONPATH": path, "RIG_CLOCK_SHIFT_S": shift_s}
            rig.start_worker("slow", environment=skewed, wait=False)
            rig.count_fault("wrong clock")
        victim = rig.start_worker("slow", wait=False)
        for worker in rig.workers:
            worker.wait_until_ready()
        for shift_s in ("600", "-600"):
            assert rig.count_log_lines(f"clock shifted by {shift_s} s") >= 1, rig.read_log_tails()
        # As long as the time between two sweeps: one sees a chunk that a worker with a wrong clock runs.
        rig.submit(8, chunks=3, seconds=2)
        assert poll(lambda: rig.count_running(victim) > 0, deadline_s=30)
        victim.kill()
        held = rig.count_running(victim)  # a live worker may claim more before it is killed
        rig.count_fault("kill -9")
        rig.wait_until_ended(60)
        rig.expect_all_succeeded()
        assert rig.read_charges()["rescues"] <= held, "a sweeper rescued chunks of a live worker"
        assert rig.count_events("ready", "rescue") >= 1


def test_two_stacks_with_brokers_of_their_own_share_one_database(tmp_path, postgres_url, redis_url):
    """Fault: the stack whose broker is told of the jobs loses its workers; the other one was never told of them."""
    other = {"VOICEMILL_BROKER_URL": f"{redis_url.removesuffix('/0')}/1"}
    with Rig(tmp_path, database_url=postgres_url, broker_url=redis_url) as rig:
        first = [rig.start_worker(family, wait=False) for family in ("cpu", "slow")]
        second = [rig.start_worker(family, wait=False, environment=other) for family in ("cpu", "slow")]
        for worker in rig.workers:
            worker.wait_until_ready()
        rig.submit(4, chunks=4, seconds=0.5)
        assert poll(lambda: rig.count_running(first[1]) > 0, deadline_s=30)
        for worker in first:
            worker.kill()
        rig.count_fault("end of a stack's workers", len(first))
        assert poll(lambda: rig.count_running(second[1]) > 0, deadline_s=60)
        rig.wait_until_ended(90)
        rig.expect_all_succeeded()


def test_database_clock_that_jumps_ahead_takes_no_chunk_from_a_live_worker(tmp_path, sqlite_store):
    """Fault: the clock of the database jumps by an hour, so that every lease is over at once."""
    clock = DatabaseClock(sqlite_store)
    sweeper = _sweeper(tmp_path, clock, InlineDispatch(lambda queue, job_id: None), trust_s=90.0)
    state = lambda: run_sql(sqlite_store, "SELECT state FROM chunks")[0].state  # noqa: E731
    submit_job(sqlite_store)
    claim = claim_chunk(sqlite_store)
    clock.pass_by(sweeper, 100)
    clock.jump(3600)
    sweeper.sweep()
    assert state() == "running", "nobody trusts a lease that ended while nobody looked"
    sqlite_store.chunks.heartbeat([claim], lease_ms=60_000, progress={})
    clock.pass_by(sweeper, 100)
    assert state() == "running", "the worker has renewed it"
    clock.jump(3600)
    clock.pass_by(sweeper, 80)
    assert state() == "running"
    clock.pass_by(sweeper, 20)
    assert state() == "ready", "this time the worker was dead"


class DatabaseClock:
    """The maintenance of a store whose clock the test moves on."""

    def __init__(self, store) -> None:
        self._store, self._ahead_ms = store, 0

    def __getattr__(self, name):
        return self if name == "maintenance" else getattr(self._store.maintenance, name)

    def now_ms(self) -> int:
        return self._store.maintenance.now_ms() + self._ahead_ms

    def jump(self, seconds: int) -> None:
        self._ahead_ms += seconds * 1000
        run_sql(self._store, "UPDATE chunks SET lease_expires_at = lease_expires_at - :ms", ms=seconds * 1000)

    def pass_by(self, sweeper: Sweeper, seconds: int) -> None:
        """Sweep every two seconds, without waiting for them. Leases stay as they are."""
        for _ in range(0, seconds, 2):
            self._ahead_ms += 2000
            sweeper.sweep()


def test_lost_notification_is_sent_again_by_the_sweeper(tmp_path, sqlite_store):
    """Fault: a job is submitted and its notification is lost; then a sweeper runs."""
    notified: list[str] = []
    dispatch = InlineDispatch(lambda queue, job_id: notified.append(queue))
    sweeper = _sweeper(tmp_path, sqlite_store, dispatch, trust_s=0.0)
    submit_job(sqlite_store)
    run_sql(sqlite_store, "UPDATE chunks SET available_at = available_at - 60000")
    sweeper.sweep()
    assert notified == ["cpu"]


def test_new_sweeper_rescues_nothing_before_its_trust_window(tmp_path, sqlite_store):
    """Fault: every lease is expired, as after a restart of the database; one sweeper is new, one is not."""
    dispatch = InlineDispatch(lambda queue, job_id: None)
    submit_job(sqlite_store)
    claim_chunk(sqlite_store)
    expire_leases(sqlite_store)
    _sweeper(tmp_path, sqlite_store, dispatch, trust_s=90.0).sweep()
    assert run_sql(sqlite_store, "SELECT state FROM chunks")[0].state == "running"
    _sweeper(tmp_path, sqlite_store, dispatch, trust_s=0.0).sweep()
    assert run_sql(sqlite_store, "SELECT state FROM chunks")[0].state == "ready"


def _sweeper(tmp_path, store, dispatch, *, trust_s: float) -> Sweeper:
    storage = DirectoryStorage(tmp_path / "objects")
    mark_storage(storage, store.maintenance.installation_id())
    return Sweeper(store.maintenance, storage, dispatch, "ins:host:cpu:1", every_s=2.0, trust_s=trust_s)
