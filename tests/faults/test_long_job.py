"""A long job under all kinds of faults: its result has the same bytes as the result without faults."""

from __future__ import annotations

from tests.faults.chaos import Chaos
from tests.faults.rig import short_and_long
from tests.services.machine_speed import poll

#: Injected one after the other while the job runs, evenly spread over its chunks.
_FAULTS = (
    "kill -9 of a worker",
    "FLUSHALL",
    "crash of the database",
    "refusing storage",
    "kill -9 of an engine",
    "reset of all links",
)
#: Chunks that one fault may cost: the slots of a worker, and the one for interactive work.
_SLOTS = 5


@short_and_long(96, 3000)
def test_long_job_under_all_faults_has_the_bytes_of_the_undisturbed_one(tmp_path, s3_server, s3_url, times):
    """Fault: workers, engine, broker, database, storage and links break while a job of so many chunks runs."""
    with Chaos(tmp_path, s3_server, s3_url, seed=23) as chaos:
        rig = chaos.rig
        chaos.start_workers("cpu", "slow", "slow")
        text = rig.make_text(chunks=times, seconds=0.3)
        [undisturbed] = rig.submit(1, text=text)
        rig.wait_until_ended(60 + times)
        assert rig.job(undisturbed).state == "succeeded" and rig.repeated_share() == 0

        [disturbed] = rig.submit(1, text=text)
        rounds = max(1, times // 200)
        for number in range(rounds * len(_FAULTS)):
            due = times * (number + 1) // (rounds * len(_FAULTS) + 2)
            assert poll(lambda due=due: rig.job(disturbed).chunks_done >= due, deadline_s=90), rig.read_log_tails()
            kind = _FAULTS[number % len(_FAULTS)]
            assert poll(lambda kind=kind: chaos.inject(kind), deadline_s=30), f"no effect of {kind}"
            assert not rig.job(disturbed).state.is_terminal, "the job ended before the last fault"
        rig.wait_until_ended(90 + times)
        rig.expect_all_succeeded()

        first, second = rig.job(undisturbed), rig.job(disturbed)
        assert rig.result_sha256(disturbed) == rig.result_sha256(undisturbed)
        assert second.result["duration_s"] == first.result["duration_s"] and second.units_total == first.units_total
        assert second.chunk_total == first.chunk_total >= times
        repeated = rig.repeated_share() * 2  # half of the claims are the undisturbed job's
        rig.note = f"{second.chunk_total} chunks, {100 * repeated:.1f} % of the work repeated"
        assert repeated <= max(0.05, _SLOTS * sum(rig.faults.values()) / times)
