"""jobs, job, cancel, retry."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.unit.framework.cli.conftest import Voicemill
from tests.unit.framework.wire_server import WireServer

Work = Callable[..., None]


def test_jobs_are_lines_for_a_pipe(voicemill: Voicemill, wire: WireServer) -> None:
    ids = [wire.add_job(), wire.add_job("tts.synthesize")]
    wire.move(ids[0], done=12.0)
    lines = [line.split("\t") for line in voicemill("jobs").stdout.splitlines()]
    assert lines[0] == ["ID", "KIND", "MODEL", "STATE", "DONE", "CREATED"]
    assert [line[0] for line in lines[1:]] == ids[::-1]
    assert lines[2][3:] == ["working", "0:12 of 1:40", "2026-11-22 08:00:00+00:00"]


def test_many_jobs_are_fetched_page_by_page(voicemill: Voicemill, wire: WireServer) -> None:
    for _ in range(130):
        wire.add_job()
    assert len(json.loads(voicemill("jobs", "--limit", "120", "--json").stdout)["data"]) == 120
    assert [request.query["limit"] for request in wire.received("GET", "/jobs")] == [["100"], ["20"]]


def test_job_shows_what_became_of_it(voicemill: Voicemill, wire: WireServer) -> None:
    job_id = wire.add_job(labels={"book": "1"})
    wire.succeed(job_id)
    shown = dict(line.split("\t") for line in voicemill("job", job_id).stdout.splitlines())
    assert shown["state"] == "succeeded"
    assert shown["labels"] == "book=1"
    assert shown["file"] == "transcript.txt (12 bytes)"
    failed = wire.add_job()
    wire.fail(failed, detail="It broke.")
    assert "reason\tIt broke." in voicemill("job", failed).stdout


def test_waiting_for_a_job_saves_its_result(voicemill: Voicemill, wire: WireServer, worked_by: Work) -> None:
    job_id = wire.add_job()
    worked_by(wire.succeed)
    result = voicemill("job", job_id, "--wait", "-o", "out")
    assert result.exit_code == 0
    assert Path("out/transcript.txt").read_bytes() == b"hello world\n"
    assert "saved\tout/transcript.txt" in result.stdout


def test_waiting_for_a_job_that_fails_is_exit_code_one(voicemill: Voicemill, wire: WireServer, worked_by: Work) -> None:
    job_id = wire.add_job()
    worked_by(partial(wire.fail, detail="It broke."))
    result = voicemill("job", job_id, "--wait", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["detail"].endswith("It broke.")


def test_result_of_a_running_job_cannot_be_saved(voicemill: Voicemill, wire: WireServer) -> None:
    result = voicemill("job", wire.add_job(), "-o", "out")
    assert result.exit_code == 2
    assert "is accepted: it has no files" in result.stderr


def test_job_is_deleted_after_a_question(voicemill: Voicemill, wire: WireServer) -> None:
    job_id = wire.add_job()
    assert voicemill("job", job_id, "--delete", input="n\n").exit_code == 1
    assert wire.deleted == set()
    assert voicemill("job", job_id, "--delete", "--yes").exit_code == 0
    assert wire.deleted == {job_id}
    gone = voicemill("job", job_id)
    assert gone.exit_code == 2
    assert "deleted" in gone.stderr


def test_unknown_job_is_exit_code_two(voicemill: Voicemill) -> None:
    result = voicemill("job", "job_0")
    assert result.exit_code == 2
    assert "There is no job job_0." in result.stderr


def test_jobs_are_cancelled(voicemill: Voicemill, wire: WireServer) -> None:
    ids = [wire.add_job(), wire.add_job()]
    assert voicemill("cancel", *ids).exit_code == 0
    assert {job["state"] for job in wire.jobs.values()} == {"cancelled"}


def test_retry_prints_the_new_id(voicemill: Voicemill, wire: WireServer) -> None:
    job_id = wire.add_job()
    wire.fail(job_id)
    result = voicemill("retry", job_id)
    assert wire.jobs[result.stdout.strip()]["parent_id"] == job_id


@pytest.mark.parametrize(("status", "code"), [(500, 1), (409, 2)])
def test_exit_code_tells_whose_turn_it_is(voicemill: Voicemill, wire: WireServer, status: int, code: int) -> None:
    wire.refuse_next(status, "some_code", detail="No.", retryable=False)
    result = voicemill("retry", "job_1")
    assert result.exit_code == code
    assert ("Request req_1" in result.stderr) is (status == 500)
