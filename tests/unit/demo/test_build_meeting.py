"""The demo's recording: what is committed belongs to the script of the meeting, and the times are true."""

from __future__ import annotations

import json
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

DEMO = Path(__file__).resolve().parents[3] / "demo"


@pytest.fixture(scope="module")
def truth() -> dict:
    return json.loads((DEMO / "meeting.json").read_text())


@pytest.fixture(scope="module")
def samples() -> np.ndarray:
    """The recording, decoded to 16 kHz mono."""
    resampler = av.AudioResampler("s16", "mono", 16_000)
    with av.open(str(DEMO / "meeting.opus")) as file:
        frames = [out for frame in [*file.decode(audio=0), None] for out in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(float)


def level(samples: np.ndarray, start: float, end: float) -> float:
    return float(np.sqrt(np.mean(samples[int(start * 16_000) : int(end * 16_000)] ** 2)))


def test_lines_are_those_of_the_script(monkeypatch, truth):
    monkeypatch.syspath_prepend(str(DEMO))
    script = import_module("build_meeting").SCRIPT
    assert [(line["speaker"], line["text"]) for line in truth["lines"]] == list(script)
    spoken = (DEMO / "meeting.txt").read_text().splitlines()
    assert spoken == [f"{speaker}: {text}" for speaker, text in script]


def test_three_voices_talk_for_more_than_ninety_seconds(truth):
    assert {line["voice"] for line in truth["lines"]} == {"slt", "rms", "awb"}
    assert truth["duration_s"] > 90


def test_recording_is_as_long_as_its_truth_says(truth, samples):
    assert abs(len(samples) / 16_000 - truth["duration_s"]) < 0.01


def test_recording_is_small_enough_to_commit():
    assert (DEMO / "meeting.opus").stat().st_size < 600_000


def test_pauses_between_lines_are_those_of_people(truth):
    lines = truth["lines"]
    pauses = [after["start"] - before["end"] for before, after in pairwise(lines)]
    assert min(pauses) >= 0.299
    assert max(pauses) <= 0.801


def test_speech_is_where_the_truth_says_and_silence_between(truth, samples):
    lines = truth["lines"]
    assert min(level(samples, line["start"], line["end"]) for line in lines) > 1500
    gaps = [(a["end"] + 0.1, b["start"] - 0.1) for a, b in pairwise(lines)]
    assert max(level(samples, *gap) for gap in gaps) < 60
