"""Half of all jobs are cancelled at random moments."""

from __future__ import annotations

import random
import threading
import time

import httpx

from tests.faults.rig import Rig, short_and_long
from tests.services.machine_speed import deadline


@short_and_long(12, 1000)
def test_cancelled_jobs_end_and_no_chunk_of_theirs_is_claimed_again(tmp_path, postgres_url, redis_url, times):
    """Fault: cancels at random, in every state of a job. Invariant 12 checks the claims."""
    choose = random.Random(7)
    with Rig(tmp_path, database_url=postgres_url, broker_url=redis_url) as rig:
        rig.start_workers("cpu", "slow")
        base_url, cancelled = rig.start_api(), set()

        def cancel_some() -> None:
            with httpx.Client(base_url=base_url, headers=rig.headers, timeout=deadline(15)) as client:
                while len(cancelled) < times:
                    open_jobs = [each.id for each in rig.acknowledged if each.id not in cancelled]
                    if open_jobs:
                        job_id = choose.choice(open_jobs)
                        assert client.post(f"/jobs/{job_id}/cancel").status_code in (200, 202)
                        cancelled.add(job_id)
                        rig.count_fault("cancels")
                    time.sleep(choose.uniform(0.05, 0.5))

        storm = threading.Thread(target=cancel_some)
        storm.start()
        for _ in range(2 * times):
            rig.submit(1, chunks=6, seconds=0.3)
        storm.join(deadline(60 + times))
        rig.wait_until_ended(60 + 2 * times)
        rig.expect_invariants()
        states = {job.id: job.state for job in rig.jobs()}
        assert all(states[job_id] in ("cancelled", "succeeded") for job_id in cancelled)
        assert all(state == "succeeded" for job_id, state in states.items() if job_id not in cancelled)
        assert sum(state == "cancelled" for state in states.values()) >= times // 2, (
            "most cancels came too late to prove much"
        )
