"""Several jobs watched at once."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from framework.cli.job_monitor import JobMonitor, Outcome, combined_exit_code, show_problems
from framework.cli.progress import NoProgress
from framework.client.blocking_client import Client
from framework.client.errors import BadArgument, InvalidRequest, ServerError, Unreachable
from framework.client.job import Job
from tests.unit.framework.wire_server import WireServer


@pytest.fixture
def monitor(client: Client) -> JobMonitor:
    return JobMonitor(client, NoProgress())


def save_as(name: str, saved: list[str]) -> list[Path]:
    saved.append(name)
    return [Path(name)]


def test_every_job_is_saved_once_it_has_succeeded(monitor: JobMonitor, client: Client, wire: WireServer) -> None:
    """More jobs than threads, and none of them finishes before all are added."""
    saved: list[str] = []
    ids = [wire.add_job() for _ in range(20)]
    for job_id in ids:
        monitor.add(job_id, client.jobs.get(job_id), lambda job: save_as(job.id, saved))
    for job_id in reversed(ids):
        wire.succeed(job_id)
    outcomes = monitor.join()
    assert [outcome.name for outcome in outcomes] == ids
    assert sorted(saved) == sorted(ids)
    assert all(outcome.saved == [Path(outcome.name)] for outcome in outcomes)
    assert combined_exit_code(outcomes) == 0


def test_errors_of_a_job_and_of_saving_it_are_in_the_outcomes(
    monitor: JobMonitor, client: Client, wire: WireServer
) -> None:
    def refuse(job: Job) -> list[Path]:
        raise BadArgument("The disk is full.")

    failed, unsaved = wire.add_job(), wire.add_job()
    wire.fail(failed, detail="It broke.")
    wire.succeed(unsaved)
    monitor.add_rejected("rejected", InvalidRequest("Not audio.", status=422))
    monitor.add("failed", client.jobs.get(failed), lambda job: [])
    monitor.add("unsaved", client.jobs.get(unsaved), refuse)
    outcomes = {outcome.name: outcome.as_json() for outcome in monitor.join()}
    assert outcomes["rejected"]["job"] is None
    assert outcomes["failed"]["job"]["state"] == "failed"
    assert outcomes["failed"]["error"]["detail"] == f"{failed} failed: It broke."
    assert outcomes["unsaved"]["error"]["detail"] == "The disk is full."
    assert outcomes["unsaved"]["saved"] == []


def test_interrupt_without_a_terminal_lists_what_still_runs(
    monitor: JobMonitor, client: Client, wire: WireServer, capsys: pytest.CaptureFixture[str]
) -> None:
    finished, running = wire.add_job(), wire.add_job()
    wire.succeed(finished)
    monitor.outcomes += [Outcome("a", client.jobs.get(finished)), Outcome("b", client.jobs.get(running))]
    with pytest.raises(typer.Exit) as caught:
        monitor.handle_interrupt()
    assert caught.value.exit_code == 1
    printed = capsys.readouterr().err
    assert f"Still running: {running}\n" in printed
    assert f"`voicemill cancel {running}`" in printed
    assert finished not in printed
    assert wire.jobs[running]["state"] == "accepted"


def test_interrupt_after_the_last_job_says_nothing(monitor: JobMonitor, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        monitor.handle_interrupt()
    assert capsys.readouterr().err == ""


def test_failure_outranks_invalid_input_in_the_exit_code() -> None:
    invalid, failed = Outcome("a", error=BadArgument()), Outcome("b", error=ServerError(status=500))
    assert combined_exit_code([Outcome("c")]) == 0
    assert combined_exit_code([Outcome("c"), invalid]) == 2
    assert combined_exit_code([invalid, failed]) == 1


def test_problems_are_errors_and_warnings_with_their_input(capsys: pytest.CaptureFixture[str]) -> None:
    result = {"warnings": [{"detail": "No speech was found."}]}
    job = Job.parse({"id": "job_1", "state": "succeeded", "result": result})
    show_problems([Outcome("quiet", job), Outcome("lost", error=Unreachable("Cut."))])
    assert capsys.readouterr().err.splitlines() == ["Warning: quiet: No speech was found.", "Error: lost: Cut."]
