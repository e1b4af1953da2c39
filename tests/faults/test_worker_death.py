"""Workers that die: by kill -9, one after the other, under load."""

from __future__ import annotations

import random
import time

from tests.faults.rig import LEASE_S, Rig, pause, resume
from tests.services.process import poll


def test_workers_killed_at_random_lose_no_job(tmp_path, postgres_url, redis_url):
    """Fault: kill -9 a random worker (its engines die with it) that holds chunks, then start another."""
    choose = random.Random(1)
    with Rig(tmp_path, database_url=postgres_url, broker_url=redis_url) as rig:
        alive = [rig.start_worker("cpu"), rig.start_worker("slow"), rig.start_worker("slow")]
        rig.submit(10, chunks=8, seconds=0.4)
        for _ in range(6):
            assert poll(lambda: any(rig.running(worker) for worker in alive), deadline_s=30)
            victim = choose.choice([worker for worker in alive if rig.running(worker)] or alive)
            victim.kill()
            rig.count(f"kill -9 {victim.family}")
            alive.remove(victim)
            alive.append(rig.start_worker(victim.family, wait=False))
        rig.wait_until_ended(60)
        rig.expect_all_succeeded()
        assert sum(rig.faults.values()) == 6
        assert rig.events("ready", "rescue") >= 1, "no lease ran out: the faults hit nobody"


def test_frozen_workers_that_wake_up_late_commit_nothing_stale(tmp_path, postgres_url, redis_url):
    """Fault: SIGSTOP a worker for three times its lease while it holds chunks, then let it go on."""
    with Rig(tmp_path, database_url=postgres_url, broker_url=redis_url) as rig:
        rig.start_worker("cpu")
        frozen, _ = rig.start_worker("slow"), rig.start_worker("slow")
        rig.submit(6, chunks=8, seconds=0.8)
        for _ in range(2):
            assert poll(lambda: rig.running(frozen) > 0, deadline_s=20), "the worker got no chunk to be frozen with"
            held = rig.running(frozen)
            pause(frozen.pid)
            rig.count("SIGSTOP")
            rig.count("chunks frozen", held)
            time.sleep(3 * LEASE_S)  # the fault itself, not a wait for a state
            resume(frozen.pid)
        rig.wait_until_ended(60)
        rig.expect_all_succeeded()
        assert rig.events("ready", "rescue") >= 2, "nothing was rescued from the frozen worker"
        assert rig.log_lines("LeaseLost") >= 2, "no stale attempt was refused"


def test_rolling_restart_charges_nothing_and_repeats_little(tmp_path, postgres_url, redis_url):
    """Fault: SIGTERM to every worker, one after the other, under load."""
    with Rig(tmp_path, database_url=postgres_url, broker_url=redis_url) as rig:
        rig.start_worker("cpu")
        old = [rig.start_worker("slow"), rig.start_worker("slow")]
        rig.submit(8, chunks=8, seconds=0.5)
        for worker in old:
            assert poll(lambda worker=worker: rig.running(worker) > 0, deadline_s=20)
            rig.start_worker("slow")
            worker.process.terminate()
            rig.count("SIGTERM under load")
            assert poll(lambda worker=worker: not worker.is_alive, deadline_s=60), "still there after a minute"
            assert worker.process.returncode == 0
        rig.wait_until_ended(60)
        rig.expect_all_succeeded()
        assert rig.charges() == {"errors": 0, "crashes": 0, "rescues": 0}
        work = sum(job.chunk_total for job in rig.jobs())
        assert rig.events("running") <= work + 2 * len(rig.jobs()) + 2 * 4, "more than one round of slots was repeated"
