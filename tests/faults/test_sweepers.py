"""Several sweepers at once, on machines whose clocks are wrong."""

from __future__ import annotations

from pathlib import Path

from jobs.dispatch.inline_dispatch import InlineDispatch
from jobs.storage.directory_storage import DirectoryStorage
from jobs.storage.ownership import mark_storage
from tests.faults.rig import ROOT, Rig
from tests.job_factories import accept, claim, let_leases_expire, sql
from tests.services.machine_speed import poll
from workers.maintenance.sweeper import Sweeper

_SKEWED = Path(__file__).parent / "skewed_clock"


def test_sweepers_with_wrong_clocks_rescue_only_the_dead(tmp_path, postgres_url, redis_url):
    """Fault: four workers sweep, two of them with clocks ten minutes fast and slow; one of the right ones is killed."""
    with Rig(tmp_path, database_url=postgres_url, broker_url=redis_url) as rig:
        rig.start_worker("cpu")
        path = f"{_SKEWED}:{ROOT}"
        for shift_s in ("600", "-600"):
            rig.start_worker("slow", environment={"PYTHONPATH": path, "RIG_CLOCK_SHIFT_S": shift_s})
            rig.count("wrong clock")
            assert rig.log_lines(f"clock shifted by {shift_s} s") >= 1, rig.log_tails()
        victim = rig.start_worker("slow")
        rig.submit(8, chunks=6, seconds=0.5)
        assert poll(lambda: rig.running(victim) > 0, deadline_s=30)
        held = rig.running(victim)
        victim.kill()
        rig.count("kill -9")
        rig.wait_until_ended(60)
        rig.expect_all_succeeded()
        assert rig.charges()["rescues"] <= held, "a sweeper took chunks from the living"
        assert rig.events("ready", "rescue") >= 1


def test_lost_bell_is_rung_again_by_the_sweeper(tmp_path, sqlite_store):
    """Fault: a job is recorded and its bell never rung; a sweeper passes."""
    heard: list[str] = []
    dispatch = InlineDispatch(lambda queue, hint: heard.append(queue))
    sweeper = _sweeper(tmp_path, sqlite_store, dispatch, trust_s=0.0)
    accept(sqlite_store)
    sql(sqlite_store, "UPDATE chunks SET available_at = available_at - 60000")
    sweeper.sweep()
    assert heard == ["cpu"]


def test_sweeper_that_has_just_begun_to_watch_rescues_nobody(tmp_path, sqlite_store):
    """Fault: every lease looks expired, as after a restart of the database; one sweeper is new, one has watched."""
    dispatch = InlineDispatch(lambda queue, hint: None)
    accept(sqlite_store)
    claim(sqlite_store)
    let_leases_expire(sqlite_store)
    _sweeper(tmp_path, sqlite_store, dispatch, trust_s=90.0).sweep()
    assert sql(sqlite_store, "SELECT state FROM chunks")[0].state == "running"
    _sweeper(tmp_path, sqlite_store, dispatch, trust_s=0.0).sweep()
    assert sql(sqlite_store, "SELECT state FROM chunks")[0].state == "ready"


def _sweeper(tmp_path, store, dispatch, *, trust_s: float) -> Sweeper:
    storage = DirectoryStorage(tmp_path / "objects")
    mark_storage(storage, store.installation_id())
    return Sweeper(store, storage, dispatch, "ins:host:cpu:1", every_s=2.0, trust_s=trust_s)
