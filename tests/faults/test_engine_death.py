"""Engines that die, hang or exhaust memory: the controller and other chunks are not affected."""

from __future__ import annotations

import os
import signal

import psutil
import pytest

from tests.faults.rig import Rig, Worker, short_and_long
from tests.services.machine_speed import poll

#: A word in a text → what the workers' logs contain after it had its effect.
_POISON = {"crash:": "engine_died_under_chunk", "bloat:": "memory"}


def _engine(worker: Worker) -> int | None:
    """Pid of the engine process; None while there is none."""
    for pid in worker.engine_pids:
        try:
            if "workers.engines.child" in " ".join(psutil.Process(pid).cmdline()):
                return pid
        except psutil.NoSuchProcess:
            continue
    return None


@short_and_long(4, 200)
def test_chunks_of_a_killed_engine_are_repeated_once(tmp_path, postgres_url, redis_url, times):
    """Fault: kill -9 of the engine process, repeatedly, while it runs chunks.

    Never while it runs a chunk with two charged crashes: after a third its error would rightly be poison.
    """
    with Rig(tmp_path, database_url=postgres_url, broker_url=redis_url) as rig:
        _, worker = rig.start_workers("cpu", "slow")
        rig.submit(3 + times, chunks=6, seconds=0.4)
        waits_ms: list[int] = []
        while len(waits_ms) < times:
            before = rig.count_log_lines("chunk_succeeded")
            assert poll(
                lambda before=before: (
                    rig.count_log_lines("chunk_succeeded") > before
                    and rig.count_running(worker) > 0
                    and rig.max_crash_count() < 2
                ),
                deadline_s=60,
                every_s=0.1,
            ), rig.read_log_tails()
            victim, killed_at = _engine(worker), rig.store.maintenance.now_ms()
            os.kill(victim, signal.SIGKILL)
            assert poll(lambda victim=victim: _engine(worker) not in (None, victim), deadline_s=60), "no new engine"
            # Not counted where the engine had no chunk at this moment.
            if returned_at := [at for at in rig.read_event_times("ready", "crash") if at >= killed_at]:
                waits_ms.append(min(returned_at) - killed_at)
                rig.count_fault("kill -9 of a busy engine")
        rig.wait_until_ended(60 + 2 * times)
        rig.expect_all_succeeded()
        assert worker.is_alive, "the controller died with its engine"
        assert rig.read_charges()["rescues"] == 0, "a lease expired: the controller did not notice the death"
        waits_ms.sort()
        rig.note = f"ready again after {waits_ms[len(waits_ms) // 2]} ms, at most {waits_ms[-1]} ms"


@pytest.mark.parametrize("word", _POISON)
def test_poison_fails_its_own_job_and_no_other(tmp_path, postgres_url, redis_url, word):
    """Fault: a text that crashes the engine, or makes it exhaust memory, among harmless ones."""
    settings = {"ENGINE_MEMORY_BYTES": str(500 << 20)}
    with Rig(tmp_path, database_url=postgres_url, broker_url=redis_url, settings=settings) as rig:
        _, worker = rig.start_workers("cpu", "slow")
        harmless = rig.submit(3, chunks=3, seconds=0.2)
        [poison] = rig.submit(1, chunks=1, seconds=0.1, word=word)
        harmless += rig.submit(3, chunks=3, seconds=0.2)
        rig.wait_until_ended(120)
        rig.count_fault("deaths of an engine", rig.count_log_lines("engine_died_under_chunk"))
        error = rig.job(poison).error
        assert rig.job(poison).state == "failed" and error.error_class == "poison", rig.job(poison)
        assert [rig.job(each).state for each in harmless] == ["succeeded"] * 6
        assert rig.count_log_lines(_POISON[word]) >= 1
        # Three times alone, and before that perhaps once in a batch, where each chunk logs the same death.
        assert 3 <= rig.faults["deaths of an engine"] <= 3 + 4
        assert rig.read_charges() == {"errors": 0, "crashes": 3, "rescues": 0}, "other chunks were charged"
        assert worker.is_alive
        rig.expect_invariants()


def test_hanging_engine_is_killed_at_the_stall_limit(tmp_path, postgres_url, redis_url):
    """Fault: a text on which the engine hangs; its job's deadline is a little more than three stall limits."""
    with Rig(tmp_path, database_url=postgres_url, broker_url=redis_url, stall_s=3.0) as rig:
        _, worker = rig.start_workers("cpu", "slow")
        [hanging] = rig.submit(1, chunks=1, seconds=0.1, word="hang:", deadline_s=3 * rig.stall_s + 2)
        assert poll(lambda: rig.count_log_lines("engine_hangs") > 0, deadline_s=60 + rig.stall_s), rig.read_log_tails()
        others = rig.submit(2, chunks=2, seconds=0.1)
        rig.wait_until_ended(90 + 3 * rig.stall_s)
        rig.count_fault("hanging engines", rig.count_log_lines("engine_hangs"))
        assert [rig.job(each).state for each in others] == ["succeeded"] * 2
        job = rig.job(hanging)
        assert job.state in ("failed", "expired") and job.error.error_class in ("poison", "deadline", "timeout")
        rig.note = f"ended {(job.finished_at - job.deadline_at) / 1000:.1f} s after its deadline"
        assert worker.is_alive
        rig.expect_invariants()
