"""Several sweepers at once, on machines whose clocks are wrong."""

from __future__ import annotations

from pathlib import Path

from tests.faults.rig import ROOT, Rig
from tests.services.process import poll

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
