"""Random faults of all kinds for VOICEMILL_SOAK_MINUTES (20), while a client submits jobs.

At the end no job is lost, no invariant is violated and every job has ended. Prints its figures as Markdown.
"""

from __future__ import annotations

import os
import random
import time

import pytest

from tests.faults.chaos import Chaos, LoadClient, measure_recovery_s, run_client

MINUTES = float(os.environ.get("VOICEMILL_SOAK_MINUTES", "20"))
#: Least and most seconds between two faults.
_PAUSE_S = (1.0, 6.0)
#: Seconds after the last fault within which every job must end.
_DRAIN_S = 300.0


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_random_faults_lose_nothing_and_break_no_invariant(tmp_path, s3_server, s3_url, capsys):
    """Fault: any, at random times."""
    seed = int(os.environ.get("VOICEMILL_SOAK_SEED", random.SystemRandom().randrange(1 << 30)))
    choose = random.Random(seed)
    recoveries: list[float] = []
    with Chaos(tmp_path, s3_server, s3_url, seed=seed) as chaos:
        rig = chaos.rig
        rig.start_api()
        chaos.start_workers("cpu", "slow", "slow")
        client = LoadClient(rig, every_s=0.5, chunks=5, seconds=0.4, most_open=12, seed=seed)
        with run_client(client):
            until = time.monotonic() + 60 * MINUTES
            while time.monotonic() < until:
                time.sleep(choose.uniform(*_PAUSE_S))
                if chaos.inject(choose.choice(list(chaos.kinds))):
                    recovered_s = measure_recovery_s(rig, deadline_s=120)
                    recoveries += [recovered_s] if recovered_s is not None else []
                assert client.is_alive(), "the client got an unexpected response"
        faults_end = time.monotonic()
        rig.wait_until_ended(_DRAIN_S)
        drained_s = time.monotonic() - faults_end
        with capsys.disabled():
            print(_summary(rig, client, recoveries, drained_s, seed))
        states = {job.id: str(job.state) for job in rig.jobs()}
        wrong = {
            job_id: state
            for job_id, state in states.items()
            if state != "succeeded" and not (state == "cancelled" and job_id in client.cancelled)
        }
        assert not wrong, f"seed {seed}: {[rig.job(job_id) for job_id in wrong]}\n{rig.read_log_tails()}"
        rig.expect_invariants()
        assert sum(rig.faults.values()) >= 3 * MINUTES


def _summary(rig, client: LoadClient, recoveries: list[float], drained_s: float, seed: int) -> str:
    states = [str(job.state) for job in rig.jobs()]
    chunks = sum(job.chunks_done for job in rig.jobs())
    recoveries = sorted(recoveries)
    rows = [
        *rig.faults.items(),
        ("**faults**", sum(rig.faults.values())),
        ("jobs accepted", len(states)),
        *((f"jobs {state}", states.count(state)) for state in sorted(set(states))),
        ("requests sent again", client.repeated),
        ("chunks done", chunks),
        (
            "chunk events: rescued / after an engine's death / snoozed",
            " / ".join(str(rig.count_events("ready", reason)) for reason in ("rescue", "crash", "snooze")),
        ),
        ("stale attempts rejected", rig.count_log_lines("LeaseLost")),
        ("COMMITs of unknown outcome", rig.count_log_lines("commit_unknown")),
        ("work repeated", f"{100 * rig.repeated_share():.1f} %"),
        (
            "next success after a fault: median / 95 % / longest",
            " / ".join(f"{recoveries[int(share * (len(recoveries) - 1))]:.1f} s" for share in (0.5, 0.95, 1.0)),
        ),
        ("all jobs ended after the last fault", f"{drained_s:.0f} s"),
    ]
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    return f"\n\n| {MINUTES:g} minutes, seed {seed} | |\n|---|--:|\n{table}\n"
