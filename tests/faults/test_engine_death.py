"""Engines that die, hang or eat memory; the controller and the neighbours live on."""

from __future__ import annotations

import os
import signal

import psutil
import pytest

from tests.faults.rig import Rig, Worker, short_and_long
from tests.services.machine_speed import poll

#: A word in a text → the sign in the workers' logs that it did what it says.
_POISON = {"crash:": "engine_died_under_chunk", "bloat:": "memory"}


def _engine(worker: Worker) -> int | None:
    """Pid of the process that holds the model, once it runs."""
    for pid in worker.engine_pids:
        try:
            if "workers.engines.child" in " ".join(psutil.Process(pid).cmdline()):
                return pid
        except psutil.NoSuchProcess:
            continue
    return None


@short_and_long(4, 200)
def test_engine_killed_in_mid_step_costs_its_chunks_one_repeat_each(tmp_path, postgres_url, redis_url, times):
    """Fault: kill -9 the engine child alone, again and again, while it works.

    Never under a chunk that has already met two deaths alone: a third would make it a poison, and rightly so.
    """
    with Rig(tmp_path, database_url=postgres_url, broker_url=redis_url) as rig:
        rig.start_worker("cpu")
        worker = rig.start_worker("slow")
        rig.submit(3 + times, chunks=6, seconds=0.4)
        waits_ms: list[int] = []
        while len(waits_ms) < times:
            before = rig.log_lines("chunk_succeeded")
            assert poll(
                lambda before=before: (
                    rig.log_lines("chunk_succeeded") > before and rig.running(worker) > 0 and rig.most_crashes() < 2
                ),
                deadline_s=60,
                every_s=0.1,
            ), rig.log_tails()
            victim, killed_at = _engine(worker), rig.store.now_ms()
            os.kill(victim, signal.SIGKILL)
            assert poll(lambda victim=victim: _engine(worker) not in (None, victim), deadline_s=60), "no new engine"
            # Where it had no chunk at this very moment it does not count.
            if returned_at := [at for at in rig.event_times("ready", "crash") if at >= killed_at]:
                waits_ms.append(min(returned_at) - killed_at)
                rig.count("kill -9 of a busy engine")
        rig.wait_until_ended(60 + 2 * times)
        rig.expect_all_succeeded()
        assert worker.is_alive, "the controller died with its engine"
        assert rig.charges()["rescues"] == 0, "a lease had to run out: the controller did not notice the death"
        waits_ms.sort()
        rig.noted = f"ready again after {waits_ms[len(waits_ms) // 2]} ms, at most {waits_ms[-1]} ms"


@pytest.mark.parametrize("word", _POISON)
def test_poison_fails_alone_and_its_neighbours_succeed(tmp_path, postgres_url, redis_url, word):
    """Fault: a text that crashes the engine, or makes it eat memory, among harmless ones."""
    settings = {"ENGINE_MEMORY_BYTES": str(500 << 20)}
    with Rig(tmp_path, database_url=postgres_url, broker_url=redis_url, settings=settings) as rig:
        rig.start_worker("cpu")
        worker = rig.start_worker("slow")
        harmless = rig.submit(3, chunks=3, seconds=0.2)
        [poison] = rig.submit(1, chunks=1, seconds=0.1, word=word)
        harmless += rig.submit(3, chunks=3, seconds=0.2)
        rig.wait_until_ended(120)
        rig.count("deaths of an engine", rig.log_lines("engine_died_under_chunk"))
        error = rig.job(poison).error
        assert rig.job(poison).state == "failed" and error["class"] == "poison", rig.job(poison)
        assert [rig.job(each).state for each in harmless] == ["succeeded"] * 6
        assert rig.log_lines(_POISON[word]) >= 1
        # Alone three times, and before that perhaps once in company, where each chunk logs the same death.
        assert 3 <= rig.faults["deaths of an engine"] <= 3 + 4
        assert rig.charges() == {"errors": 0, "crashes": 3, "rescues": 0}, "the innocent were charged"
        assert worker.is_alive
        rig.expect_invariants()


def test_hanging_text_is_cut_at_the_stall_limit(tmp_path, postgres_url, redis_url):
    """Fault: a text on which the engine never answers; its job's deadline is a little more than three stall limits."""
    with Rig(tmp_path, database_url=postgres_url, broker_url=redis_url) as rig:
        rig.start_worker("cpu")
        worker = rig.start_worker("slow")
        [hanging] = rig.submit(1, chunks=1, seconds=0.1, word="hang:", deadline_s=3 * rig.stall_s + 2)
        assert poll(lambda: rig.log_lines("engine_hangs") > 0, deadline_s=60 + rig.stall_s), rig.log_tails()
        neighbours = rig.submit(2, chunks=2, seconds=0.1)
        rig.wait_until_ended(90 + 3 * rig.stall_s)
        rig.count("hanging engines", rig.log_lines("engine_hangs"))
        assert [rig.job(each).state for each in neighbours] == ["succeeded"] * 2
        job = rig.job(hanging)
        assert job.state in ("failed", "expired") and job.error["class"] in ("poison", "deadline", "timeout")
        rig.noted = f"cut {(job.finished_at - job.deadline_at) / 1000:.1f} s after its deadline"
        assert worker.is_alive
        rig.expect_invariants()
