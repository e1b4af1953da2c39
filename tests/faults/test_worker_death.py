"""Workers are killed, frozen and restarted under load."""

from __future__ import annotations

import random

from tests.faults.rig import Rig, pause, resume, short_and_long
from tests.services.machine_speed import poll


@short_and_long(5, 360)
def test_workers_killed_at_random_lose_no_job(tmp_path, postgres_url, redis_url, times):
    """Fault: kill -9 of a random worker that runs chunks (its engines die with it); another one starts."""
    choose = random.Random(1)
    with Rig(tmp_path, database_url=postgres_url, broker_url=redis_url) as rig:
        alive = rig.start_workers("cpu", "slow", "slow")
        rig.submit(8, chunks=8, seconds=0.4)
        for _ in range(times):
            if sum(not job.state.is_terminal for job in rig.jobs()) < 4:
                rig.submit(4, chunks=8, seconds=0.4)
            # Until a family worker runs chunks: else the cpu worker would be killed each time, before its first plan.
            family_workers = [worker for worker in alive if worker.family == "slow"]
            assert poll(lambda those=family_workers: any(map(rig.count_running, those)), deadline_s=60)
            victim = choose.choice([worker for worker in alive if rig.count_running(worker)] or alive)
            victim.kill()
            rig.count_fault(f"kill -9 {victim.family}")
            alive.remove(victim)
            alive.append(rig.start_worker(victim.family, wait=False))
        rig.wait_until_ended(120)
        rig.expect_all_succeeded()
        assert sum(rig.faults.values()) == times
        rig.note = f"{100 * rig.repeated_share():.1f} % of the work repeated"
        assert rig.count_events("ready", "rescue") >= 1, "no lease expired: the faults had no effect"


@short_and_long(2, 30)
def test_frozen_workers_that_resume_late_commit_nothing(tmp_path, postgres_url, redis_url, times):
    """Fault: SIGSTOP of a worker that runs chunks, for longer than a rescue takes, then SIGCONT."""
    with Rig(tmp_path, database_url=postgres_url, broker_url=redis_url) as rig:
        _, frozen, _ = rig.start_workers("cpu", "slow", "slow")
        for _ in range(times):
            rig.submit(4, chunks=8, seconds=0.8)
            assert poll(lambda: rig.count_running(frozen) > 0, deadline_s=30), "the worker got no chunk"
            held = rig.count_running(frozen)
            pause(frozen.pid)
            rig.count_fault("SIGSTOP")
            rig.count_fault("chunks frozen", held)
            # It resumes when all of its chunks have been rescued.
            assert poll(lambda: rig.count_running(frozen) == 0, deadline_s=60), rig.read_log_tails()
            resume(frozen.pid)
        rig.wait_until_ended(120)
        rig.expect_all_succeeded()
        assert rig.count_events("ready", "rescue") >= times, "nothing was rescued from the frozen worker"
        assert rig.count_log_lines("LeaseLost") >= times, "no stale attempt was rejected"
        rig.note = f"{rig.count_log_lines('LeaseLost')} stale attempts rejected"


@short_and_long(1, 10)
def test_rolling_restart_charges_nothing_and_repeats_little(tmp_path, postgres_url, redis_url, times):
    """Fault: SIGTERM to each worker in turn, under load."""
    with Rig(tmp_path, database_url=postgres_url, broker_url=redis_url) as rig:
        _, *alive = rig.start_workers("cpu", "slow", "slow")
        for _ in range(times * len(alive)):
            worker = alive.pop(0)
            alive.append(rig.start_worker("slow"))
            rig.submit(4, chunks=8, seconds=0.5)
            assert poll(lambda worker=worker: rig.count_running(worker) > 0, deadline_s=30)
            worker.process.terminate()
            rig.count_fault("SIGTERM under load")
            assert poll(lambda worker=worker: not worker.is_alive, deadline_s=60), "the worker did not stop"
            assert worker.process.returncode == 0
        rig.wait_until_ended(120)
        rig.expect_all_succeeded()
        assert rig.read_charges() == {"errors": 0, "crashes": 0, "rescues": 0}
        rig.note = f"{100 * rig.repeated_share():.1f} % of the work repeated"
        work = sum(job.chunk_total for job in rig.jobs())
        stopped = rig.faults["SIGTERM under load"]
        assert rig.count_events("running") <= work + 2 * len(rig.jobs()) + 4 * stopped, "more was repeated"
