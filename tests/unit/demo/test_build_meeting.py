"""The demo's recording: the committed files match the script of the meeting, and the times match the audio."""

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
def reference() -> dict:
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


def test_lines_are_those_of_the_script(monkeypatch, reference):
    monkeypatch.syspath_prepend(str(DEMO))
    script = import_module("build_meeting").SCRIPT
    assert [(line["speaker"], line["text"]) for line in reference["lines"]] == list(script)
    spoken = (DEMO / "meeting.txt").read_text().splitlines()
    assert spoken == [f"{speaker}: {text}" for speaker, text in script]


def test_three_voices_talk_for_more_than_ninety_seconds(reference):
    assert {line["voice"] for line in reference["lines"]} == {"slt", "rms", "awb"}
    assert reference["duration_s"] > 90


def test_recording_is_as_long_as_its_reference_says(reference, samples):
    assert abs(len(samples) / 16_000 - reference["duration_s"]) < 0.01


def test_recording_is_small_enough_to_commit():
    assert (DEMO / "meeting.opus").stat().st_size < 600_000


def test_pauses_between_lines_are_of_natural_length(reference):
    lines = reference["lines"]
    pauses = [after["start"] - before["end"] for before, after in pairwise(lines)]
    assert min(pauses) >= 0.299
    assert max(pauses) <= 0.801


def test_speech_is_where_the_reference_says_and_silence_between(reference, samples):
    lines = reference["lines"]
    assert min(level(samples, line["start"], line["end"]) for line in lines) > 1500
    gaps = [(a["end"] + 0.1, b["start"] - 0.1) for a, b in pairwise(lines)]
    assert max(level(samples, *gap) for gap in gaps) < 60
