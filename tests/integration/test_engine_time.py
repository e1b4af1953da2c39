"""Jobs that share the calls of one engine share its time: they are billed by it."""

from __future__ import annotations

import time
from pathlib import Path

from tests.faults.rig import Rig


def test_jobs_in_shared_batches_have_no_more_engine_time_than_passed(
    tmp_path: Path, postgres_url: str, redis_url: str
) -> None:
    """A chunk waits for the calls of other jobs most of its time; it is not charged for them."""
    with Rig(tmp_path, database_url=postgres_url, broker_url=redis_url) as rig:
        rig.start_workers("cpu", "slow")
        began = time.monotonic()
        rig.submit(4, chunks=3, seconds=1.0)
        rig.submit(1, chunks=2, seconds=1.0, priority="interactive")
        rig.wait_until_ended(90)
        passed_s = time.monotonic() - began
        rig.expect_all_succeeded()
        used = [(job.result or {})["usage"]["engine_s"] for job in rig.jobs()]
        assert all(seconds > 0 for seconds in used)
        rig.note = f"{sum(used):.1f} s of the engine in {passed_s:.1f} s"
        assert sum(used) <= passed_s
