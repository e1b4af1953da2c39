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
        rig.submit(8, chunks=6, seconds=0.5)
        assert poll(lambda: rig.count_running(victim) > 0, deadline_s=30)
        victim.kill()
        held = rig.count_running(victim)  # a live worker may claim more before it is killed
        rig.count_fault("kill -9")
        rig.wait_until_ended(60)
        rig.expect_all_succeeded()
        assert rig.read_charges()["rescues"] <= held, "a sweeper rescued chunks of a live worker"
        assert rig.count_events("ready", "rescue") >= 1


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
