"""`make demo`, from the start of the stack to its end: the first command that a newcomer runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services.machine_speed import deadline

DEMO = Path(__file__).resolve().parents[2] / "demo"


@pytest.mark.timeout(900)
def test_demo_creates_a_book_and_a_transcript_and_leaves_nothing_running(tmp_path: Path) -> None:
    output = tmp_path / "out"
    output.mkdir()
    (output / "mine.txt").write_text("not the demo's")
    command = [sys.executable, str(DEMO / "run.py"), "--output", str(output)]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=deadline(840), check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "processes left: 0" in ended.stdout
    assert ended.stdout.count("webhook job.succeeded came, signature good") == 2
    assert {path.name for path in output.iterdir()} == {
        "book.m4b",
        "book.marks.json",
        "book.vtt",
        "book.chapters.json",
        "meeting.json",
        "meeting.txt",
        "meeting.srt",
        "meeting.vtt",
        "mine.txt",
    }
    assert json.loads((output / "meeting.json").read_text())["language"] == "en"
