"""`voicemill job`."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.unit.framework.cli.conftest import Voicemill
from tests.unit.framework.wire_server import WireServer

Work = Callable[..., None]


def test_finished_job_is_shown_with_its_result_or_its_error(voicemill: Voicemill, wire: WireServer) -> None:
    job_id = wire.add_job(labels={"book": "1"})
    wire.succeed(job_id)
    shown = dict(line.split("\t") for line in voicemill("job", job_id).stdout.splitlines())
    assert shown["state"] == "succeeded"
    assert shown["labels"] == "book=1"
    assert shown["file"] == "transcript.txt (12 bytes)"
    failed = wire.add_job()
    wire.fail(failed, detail="It broke.")
    assert "reason\tIt broke." in voicemill("job", failed).stdout


def test_waiting_for_a_job_saves_its_result(voicemill: Voicemill, wire: WireServer, start_worker: Work) -> None:
    job_id = wire.add_job()
    start_worker(wire.succeed)
    result = voicemill("job", job_id, "--wait", "-o", "out")
    assert result.exit_code == 0
    assert Path("out/transcript.txt").read_bytes() == b"hello world\n"
    assert "saved\tout/transcript.txt" in result.stdout


def test_result_replaces_files_only_by_force(voicemill: Voicemill, wire: WireServer) -> None:
    job_id = wire.add_job()
    wire.succeed(job_id, {"transcript.srt": b"1", "transcript.txt": b"x"})
    Path("transcript.txt").write_text("mine")
    refused = voicemill("job", job_id, "-o", ".")
    assert (refused.exit_code, "transcript.txt exists already; add --force" in refused.stderr) == (2, True)
    assert [path.name for path in Path().iterdir()] == ["transcript.txt"]
    assert voicemill("job", job_id, "-o", ".", "--force").exit_code == 0
    assert Path("transcript.txt").read_text() == "x"


def test_waiting_for_a_job_that_fails_is_exit_code_one(
    voicemill: Voicemill, wire: WireServer, start_worker: Work
) -> None:
    job_id = wire.add_job()
    start_worker(partial(wire.fail, detail="It broke."))
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
