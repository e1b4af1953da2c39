"""The demo's own checks: what it prints and refuses, without a stack."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from framework.client.job import Job

DEMO = Path(__file__).resolve().parents[3] / "demo"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    pytest.importorskip("huggingface_hub")
    monkeypatch.syspath_prepend(str(DEMO))
    return import_module("run")


@pytest.fixture
def build_demo_job(run: ModuleType) -> Callable[..., Any]:
    def build(kind: str = "stt.transcribe") -> Any:
        result = {"duration_s": 118.0, "processing_s": 10.0, "files": []}
        progress = {"stage": "stitch", "done": 118.0, "total": 118.0, "unit": "seconds"}
        data = {"id": "job_1", "kind": kind, "state": "succeeded", "model": "m", "progress": progress, "result": result}
        return run.DemoJob("meeting", lambda: Job.parse(data), job=Job.parse(data))

    return build


@pytest.fixture
def write_transcript(tmp_path: Path) -> Callable[[str], None]:
    def write(text: str) -> None:
        document = {"text": text, "language": "en", "duration_s": 118.0, "segments": [{"text": text}]}
        (tmp_path / "meeting.json").write_text(json.dumps(document))
        (tmp_path / "meeting.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nWelcome.\n")

    return write


def test_good_transcript_is_accepted(
    run: ModuleType,
    build_demo_job: Callable[..., Any],
    write_transcript: Callable[[str], None],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_transcript(run.strip_speakers((DEMO / "meeting.txt").read_text()).lower())
    run._print_meeting(build_demo_job(), tmp_path)
    printed = capsys.readouterr().out
    assert "word error rate 0.0%" in printed
    assert "transcribed 11.8 times faster than real time" in printed


def test_transcript_with_too_many_errors_fails_the_demo(
    run: ModuleType, build_demo_job: Callable[..., Any], write_transcript: Callable[[str], None], tmp_path: Path
) -> None:
    write_transcript("nothing of this was said")
    with pytest.raises(run.DemoFailed, match="the word error rate is"):
        run._print_meeting(build_demo_job(), tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, None),
        ({"duration_s": 90.0}, "it plays 90.0 s, not 118.0 s"),
        ({"chapters": [(0.0, "One")]}, "it has no chapters"),
        ({"cover": None}, "title, author or cover are missing"),
        ({"loudness_lufs": -23.0}, "its loudness is -23.0 LUFS"),
    ],
)
def test_audiobook_that_is_not_as_requested_fails_the_demo(
    run: ModuleType, build_demo_job: Callable[..., Any], tmp_path: Path, changes: dict[str, Any], message: str | None
) -> None:
    (tmp_path / "book.marks.json").write_text(json.dumps({"words": [{"text": "end", "end": 117.9}]}))
    properties: dict[str, Any] = {
        "duration_s": 118.0,
        "codec": "aac",
        "sample_rate_hz": 22_050,
        "title": "A Book",
        "author": "Nobody",
        "chapters": [(0.0, "One"), (60.0, "Two")],
        "cover": "png 800×1200",
        "loudness_lufs": -18.2,
    }
    book = run.Audiobook(**{**properties, **changes})
    if message is None:
        run._print_book(build_demo_job("tts.synthesize"), book, tmp_path)
        return
    with pytest.raises(run.DemoFailed, match=message):
        run._print_book(build_demo_job("tts.synthesize"), book, tmp_path)


def test_timeline_has_the_steps_that_were_reached(
    run: ModuleType, build_demo_job: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    demo_job = build_demo_job()
    for step, at in (("accepted", 0.05), ("planned", 1.0), ("planned", 9.0)):
        demo_job.reach(step, at)
    run._print_timeline(demo_job)
    assert capsys.readouterr().out.splitlines()[1:] == [
        "meeting",
        "     0.05 s  accepted as job_1",
        "     1.00 s  planned: 1:58 of audio",
    ]


def test_results_of_the_last_run_are_deleted_and_nothing_else(run: ModuleType, tmp_path: Path) -> None:
    for name in ("book.m4b", "meeting.json", "mine.txt"):
        (tmp_path / name).touch()
    (tmp_path / "demo-logs").mkdir()
    run._prepare(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_output_that_cannot_be_written_fails_the_demo(run: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(run.DemoFailed, match="name another directory with --output"):
        run._prepare(tmp_path / "file" / "out")
