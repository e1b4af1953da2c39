"""Progress of jobs as texts, lines and bars."""

from __future__ import annotations

from typing import Any

import pytest

from framework.cli.progress import (
    NoProgress,
    ProgressBars,
    ProgressLines,
    choose_display,
    describe_stage,
    format_amount,
    format_duration,
    format_progress,
)
from framework.client.job import Job


def job(state: str = "running", **progress: Any) -> Job:
    return Job.parse({"id": "job_1", "state": state, "progress": {"stage": "work", "unit": "seconds", **progress}})


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (59.9, "seconds", "0:59"),
        (3_723.0, "seconds", "1:02:03"),
        (81_234.0, "characters", "81,234"),
        (9_634_392.0, "bytes", "9.6 MB"),
        (7.0, None, "7"),
    ],
)
def test_amount_is_formatted_by_its_unit(value: float, unit: str | None, text: str) -> None:
    assert format_amount(value, unit) == text


def test_duration_is_in_seconds_up_to_a_minute() -> None:
    assert [format_duration(seconds) for seconds in (3.44, 59.9, 60.0)] == ["3.4 s", "59.9 s", "1:00"]


def test_progress_names_units_other_than_seconds() -> None:
    assert format_progress(job(done=12.0, total=90.0)) == "0:12 of 1:30"
    assert format_progress(job(done=4_000.0, total=81_234.0, unit="characters")) == "4,000 of 81,234 characters"
    assert format_progress(job(total=None)) == ""


def test_stage_of_a_finished_job_is_its_state() -> None:
    assert describe_stage(job()) == "working"
    assert describe_stage(job(stage="waiting_for_worker")) == "waits for a worker"
    missing = [
        {"queue": "cpu", "family": "cpu"},
        {"queue": "stt.whisper", "family": "whisper", "model": "whisper-tiny"},
    ]
    assert describe_stage(job(stage="waiting_for_worker", missing_workers=missing)) == (
        "waits for a worker: none of the family cpu runs, none of the family whisper for whisper-tiny runs"
    )
    assert describe_stage(job("accepted", stage="plan")) == "queued"
    assert describe_stage(job(stage="a stage of a newer server")) == "a stage of a newer server"
    assert describe_stage(job("failed")) == "failed"


def test_line_is_printed_for_each_stage_and_each_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressLines() as display:
        for fraction in (0.0, 0.05, 0.1, 0.19, 0.95):
            display.update_job("a", job(done=100 * fraction, total=100.0, fraction=fraction))
        display.update_job("b", job(done=0.0, total=100.0))
        display.update_job("a", job("succeeded", done=100.0, total=100.0, fraction=1.0))
    assert capsys.readouterr().err.splitlines() == [
        "a: working, 0:00 of 1:40 (job_1)",
        "a: working, 0:10 of 1:40 (job_1)",
        "a: working, 1:35 of 1:40 (job_1)",
        "b: working, 0:00 of 1:40 (job_1)",
        "a: succeeded, 1:40 of 1:40 (job_1)",
    ]


def test_no_progress_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with NoProgress() as display:
        display.update_upload("a", 1, 2)
        display.update_job("a", job(done=1.0, total=2.0))
    assert capsys.readouterr().err == ""


def test_bars_show_uploads_and_jobs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "150")
    with ProgressBars() as display:
        display.update_upload("a", 500_000, 2_000_000)
        display.update_job("b", job(done=25.0, total=100.0, fraction=0.25, eta_s=12.0))
    shown = capsys.readouterr().err
    for text in ("uploading", "0.5 MB of 2.0 MB", "0:25 of 1:40", "0:12 left"):
        assert text in shown


@pytest.mark.parametrize(
    ("is_terminal", "as_json", "kind"),
    [(True, False, ProgressBars), (True, True, ProgressBars), (False, False, ProgressLines), (False, True, NoProgress)],
)
def test_display_depends_on_terminal_and_json(
    monkeypatch: pytest.MonkeyPatch, is_terminal: bool, as_json: bool, kind: type
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: is_terminal)
    assert type(choose_display(as_json=as_json)) is kind
