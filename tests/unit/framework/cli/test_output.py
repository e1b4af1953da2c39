"""Messages, tables, exit codes."""

from __future__ import annotations

import json

import pytest
import typer

from framework.cli.output import drop_empty, error_json, exit_code, exit_on_error, parse_pairs, show_error, show_table
from framework.client.errors import (
    BadArgument,
    Conflict,
    CorruptDownload,
    FieldError,
    InvalidRequest,
    JobFailed,
    NotConfigured,
    NotFound,
    RateLimited,
    ServerError,
    Unauthorized,
    Unavailable,
    Unreachable,
    VoicemillError,
    WaitTimeout,
)
from framework.client.job import Job

FAILED_JOB = Job.parse({"id": "job_1", "state": "failed", "error": {"code": "bad_input", "detail": "No text."}})


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotConfigured(), 2),
        (BadArgument(), 2),
        (InvalidRequest(status=422), 2),
        (NotFound(status=404), 2),
        (Unauthorized(status=401), 2),
        (Conflict(status=409, retryable=True), 1),
        (RateLimited(status=429, retryable=False), 1),
        (Unavailable(status=503), 1),
        (ServerError(status=500), 1),
        (Unreachable(), 1),
        (CorruptDownload(), 1),
        (JobFailed(FAILED_JOB), 1),
    ],
)
def test_exit_code_is_two_only_if_the_user_has_to_change_something(error: VoicemillError, code: int) -> None:
    assert exit_code(error) == code


def test_error_is_shown_with_its_fields_and_hints(capsys: pytest.CaptureFixture[str]) -> None:
    fields = [FieldError("speed", "At most 2."), FieldError("voice", "Invalid.")]
    show_error(InvalidRequest("Invalid.", status=422, errors=fields), about="a.wav")
    show_error(Unauthorized("No key.", status=401))
    show_error(Unavailable("Busy.", status=503, retry_after_s=7.0, request_id="req_1"))
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == [
        "Error: a.wav: Invalid.",
        "  speed: At most 2.",
        "  field: voice",
        "Error: No key.",
        "  Set VOICEMILL_API_KEY to a key of this server; `voicemill up` creates one for the local stack.",
        "Error: Busy.",
        "  The server asks to wait 7 s.",
        "  Request req_1; see the server's log.",
    ]


def test_time_to_wait_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    show_error(RateLimited("Too many; send this one again in 22 s.", status=429, retry_after_s=22.0))
    assert capsys.readouterr().err == "Error: Too many; send this one again in 22 s.\n"


def test_missing_worker_is_shown_with_the_command_that_starts_one(capsys: pytest.CaptureFixture[str]) -> None:
    show_error(Unavailable("No worker was seen.", status=503, code="no_worker", retryable=True, request_id="req_1"))
    printed = capsys.readouterr().err
    assert "`voicemill worker --family FAMILY`" in printed and "req_1" not in printed


def test_error_in_json_has_the_fields_or_the_job() -> None:
    error = InvalidRequest("No.", status=422, code="invalid", errors=[FieldError("speed", "At most 2.")])
    assert error_json(error) == {
        "code": "invalid",
        "detail": "No.",
        "retryable": False,
        "status": 422,
        "errors": [{"field": "speed", "detail": "At most 2."}],
        "request_id": None,
    }
    assert error_json(JobFailed(FAILED_JOB))["job"] == FAILED_JOB.raw
    assert error_json(WaitTimeout(FAILED_JOB, 1.0))["job"] == FAILED_JOB.raw


@pytest.mark.parametrize("as_json", [True, False])
def test_exception_becomes_an_exit_code_and_a_message(capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    with pytest.raises(typer.Exit) as caught, exit_on_error(as_json):
        raise BadArgument("No such file.")
    assert caught.value.exit_code == 2
    printed = capsys.readouterr()
    if as_json:
        assert (json.loads(printed.out)["error"]["detail"], printed.err) == ("No such file.", "")
    else:
        assert (printed.out, printed.err) == ("", "Error: No such file.\n")


def test_cells_cannot_break_the_lines_of_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(["A", "B"], [("one\ttwo\nthree", None), (1, 2.5)])
    assert capsys.readouterr().out.splitlines() == ["A\tB", "one two three\t", "1\t2.5"]


def test_pairs_are_split_at_the_first_equals_sign() -> None:
    assert parse_pairs("--label", ["a=b=c", "d="]) == {"a": "b=c", "d": ""}
    with pytest.raises(BadArgument, match="--cast 'Ann': write it as NAME=VOICE"):
        parse_pairs("--cast", ["Ann"], form="NAME=VOICE")


def test_false_and_zero_are_not_empty() -> None:
    assert drop_empty({"a": None, "b": [], "c": (), "d": {}, "e": False, "f": 0}) == {"e": False, "f": 0}
