"""How much was recognised, and how fast."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from framework.cli.job_monitor import Outcome
from framework.cli.transcript_summary import summarise_transcripts
from framework.client.job import Job

WORDS = {"segments": [{"words": [{"word": "a"}, {"word": "b"}]}, {"words": [{"word": "c"}]}], "text": "a b c"}


def outcome(*saved: Path, language: str = "en", duration_s: float = 90.0, **changes: Any) -> Outcome:
    result = {"duration_s": duration_s, "processing_s": 6.0, "language": language}
    job = Job.parse({"id": "job_1", "state": "succeeded", "result": result, **changes})
    return Outcome("talk", job, saved)


def write(path: Path, content: str) -> Path:
    path.write_text(content)
    return path


def test_one_recording_has_its_length_words_and_speed(tmp_path: Path) -> None:
    file = write(tmp_path / "talk.json", json.dumps(WORDS))
    assert summarise_transcripts([outcome(file)]) == "1:30 of sound, 3 words in 6.0 s, 15.0 times as fast as it plays"


@pytest.mark.parametrize(
    ("name", "content", "changes", "words"),
    [
        ("a.json", '{"text": "a b", "segments": []}', {}, ", 2 words"),
        ("a.txt", "a b\nc\n", {}, ", 3 words"),
        ("a.txt", "one", {}, ", 1 word "),
        ("a.txt", "Ann: a b", {"request": {"diarize": True}}, None),
        ("a.txt", "ask not", {"language": "ja"}, None),
        ("a.json", '{"text": "ask not", "segments": []}', {"language": "ja"}, None),
        ("a.json", json.dumps(WORDS), {"language": "ja"}, ", 3 words"),
        ("a.srt", "1", {}, None),
        ("a.json", "damaged", {}, None),
        ("a.json", "[]", {}, None),
    ],
)
def test_words_are_counted_where_a_file_tells(
    tmp_path: Path, name: str, content: str, changes: dict[str, Any], words: str | None
) -> None:
    summary = summarise_transcripts([outcome(write(tmp_path / name, content), **changes)])
    assert summary is not None
    assert ("word" not in summary) if words is None else (words in summary)


def test_several_recordings_are_summed_over_the_time_that_they_took_together() -> None:
    first = outcome(started_at="2026-11-22T08:00:00Z", finished_at="2026-11-22T08:00:20Z")
    second = outcome(started_at="2026-11-22T08:00:05Z", finished_at="2026-11-22T08:00:30Z")
    summary = summarise_transcripts([first, second, Outcome("failed")])
    assert summary == "2 recordings: 3:00 of sound in 30.0 s, 6.0 times as fast as it plays"


def test_without_a_result_there_is_no_summary() -> None:
    assert summarise_transcripts([Outcome("failed")]) is None


def test_silence_of_no_length_has_no_speed() -> None:
    assert summarise_transcripts([outcome(duration_s=0.0)]) == "0.0 s of sound in 6.0 s"
