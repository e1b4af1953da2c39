"""Jobs as the API sends them: complete, minimal, and of a newer server."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from framework.client.job import FINISHED_STATES, Job, Progress, ResultFile

SUCCEEDED = {
    "id": "job_1",
    "kind": "stt.transcribe",
    "state": "succeeded",
    "model": "tone-listener",
    "progress": {"stage": "stitch", "done": 3.5, "total": 3.5, "unit": "seconds", "fraction": 1.0, "eta_s": None},
    "created_at": "2026-11-22T08:00:00.5Z",
    "result": {
        "duration_s": 3.5,
        "processing_s": 1.25,
        "files": [{"name": "transcript.txt", "content_type": "text/plain", "bytes": 12, "sha256": "ab"}],
        "warnings": [{"code": "no_speech", "detail": "No speech was found."}, {}],
    },
}


def test_succeeded_job_has_its_result() -> None:
    job = Job.parse(SUCCEEDED)
    assert (job.is_finished, job.is_successful) == (True, True)
    assert job.created_at == datetime(2026, 11, 22, 8, 0, 0, 500_000, tzinfo=UTC)
    assert job.result is not None
    assert job.result.files == (ResultFile("transcript.txt", "text/plain", 12, "ab"),)
    assert job.result.warnings == ("No speech was found.", "")
    assert job.raw is SUCCEEDED


def test_job_needs_no_more_than_id_and_state() -> None:
    job = Job.parse({"id": "job_1", "state": "accepted"})
    assert (job.kind, job.priority, job.progress, job.result) == ("", "normal", Progress(), None)
    with pytest.raises(KeyError):
        Job.parse({"id": "job_1"})


@pytest.mark.parametrize("state", ["accepted", "planning", "running", "stitching", "a state of a newer server"])
def test_job_in_any_other_state_is_not_finished(state: str) -> None:
    assert not Job.parse({"id": "job_1", "state": state}).is_finished


def test_finished_job_without_success_is_not_successful() -> None:
    for state in FINISHED_STATES - {"succeeded"}:
        job = Job.parse({"id": "job_1", "state": state})
        assert (job.is_finished, job.is_successful) == (True, False)


def test_unknown_total_and_estimate_stay_none() -> None:
    progress = Progress.parse({"stage": "plan", "done": None, "total": None, "eta_s": None})
    assert (progress.done, progress.total, progress.eta_s) == (0.0, None, None)
    assert Progress.parse({"total": 10, "eta_s": 0}) == Progress(total=10.0, eta_s=0.0)
