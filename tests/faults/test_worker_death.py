"""Workers that die: by kill -9, one after the other, under load."""

from __future__ import annotations

import random
import time

from tests.faults.rig import Rig, pause, resume, short_and_long
from tests.services.machine_speed import poll


@short_and_long(5, 360)
def test_workers_killed_at_random_lose_no_job(tmp_path, postgres_url, redis_url, times):
    """Fault: kill -9 a random worker (its engines die with it) that holds chunks, then start another."""
    choose = random.Random(1)
    with Rig(tmp_path, database_url=postgres_url, broker_url=redis_url) as rig:
        alive = [rig.start_worker("cpu"), rig.start_worker("slow"), rig.start_worker("slow")]
        rig.submit(8, chunks=8, seconds=0.4)
        for _ in range(times):
            if sum(not job.state.is_terminal for job in rig.jobs()) < 4:
                rig.submit(4, chunks=8, seconds=0.4)
            assert poll(lambda: any(rig.running(worker) for worker in alive), deadline_s=30)
            victim = choose.choice([worker for worker in alive if rig.running(worker)] or alive)
            victim.kill()
            rig.count(f"kill -9 {victim.family}")
            alive.remove(victim)
            alive.append(rig.start_worker(victim.family, wait=False))
        rig.wait_until_ended(120)
        rig.expect_all_succeeded()
        assert sum(rig.faults.values()) == times
        rig.noted = f"{100 * rig.repeated():.1f} % of the work repeated"
        assert rig.events("ready", "rescue") >= 1, "no lease ran out: the faults hit nobody"


@short_and_long(2, 30)
def test_frozen_workers_that_wake_up_late_commit_nothing_stale(tmp_path, postgres_url, redis_url, times):
    """Fault: SIGSTOP a worker for three times its lease while it holds chunks, then let it go on."""
    with Rig(tmp_path, database_url=postgres_url, broker_url=redis_url) as rig:
        rig.start_worker("cpu")
        frozen, _ = rig.start_worker("slow"), rig.start_worker("slow")
        for _ in range(times):
            rig.submit(4, chunks=8, seconds=0.8)
            assert poll(lambda: rig.running(frozen) > 0, deadline_s=30), "the worker got no chunk to be frozen with"
            held = rig.running(frozen)
            pause(frozen.pid)
            rig.count("SIGSTOP")
            rig.count("chunks frozen", held)
            time.sleep(3 * rig.times.lease_s)  # the fault itself, not a wait for a state
            resume(frozen.pid)
        rig.wait_until_ended(120)
        rig.expect_all_succeeded()
        assert rig.events("ready", "rescue") >= times, "nothing was rescued from the frozen worker"
        assert rig.log_lines("LeaseLost") >= times, "no stale attempt was refused"
        rig.noted = f"{rig.log_lines('LeaseLost')} stale attempts refused"


@short_and_long(1, 10)
def test_rolling_restart_charges_nothing_and_repeats_little(tmp_path, postgres_url, redis_url, times):
    """Fault: SIGTERM to every worker, one after the other, so many times, under load."""
    with Rig(tmp_path, database_url=postgres_url, broker_url=redis_url) as rig:
        rig.start_worker("cpu")
        alive = [rig.start_worker("slow"), rig.start_worker("slow")]
        for _ in range(times * len(alive)):
            worker = alive.pop(0)
            alive.append(rig.start_worker("slow"))
            rig.submit(4, chunks=8, seconds=0.5)
            assert poll(lambda worker=worker: rig.running(worker) > 0, deadline_s=30)
            worker.process.terminate()
            rig.count("SIGTERM under load")
            assert poll(lambda worker=worker: not worker.is_alive, deadline_s=60), "still there after a minute"
            assert worker.process.returncode == 0
        rig.wait_until_ended(120)
        rig.expect_all_succeeded()
        assert rig.charges() == {"errors": 0, "crashes": 0, "rescues": 0}
        rig.noted = f"{100 * rig.repeated():.1f} % of the work repeated"
        work = sum(job.chunk_total for job in rig.jobs())
        stopped = rig.faults["SIGTERM under load"]
        assert rig.events("running") <= work + 2 * len(rig.jobs()) + 4 * stopped, "more than what ran was repeated"
