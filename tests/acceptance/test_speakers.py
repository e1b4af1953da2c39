"""Ten minutes of three synthetic voices taking turns (tests/material/make_dialogue.py): who is said to speak when.

The words are PocketSphinx's, recorded once; the speaker encoder is the real one.
"""

from __future__ import annotations

import json
import os
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.in_process import Run
from tests.material.make_dialogue import DIALOGUE, VOICES
from tests.material.recorded_listener import RecordedListener

AUDIO = DIALOGUE / "dialogue.opus"
PARAMS = {"model": "pocketsphinx", "diarize": True, "formats": ["json", "txt"]}


@pytest.fixture(scope="module")
def listener() -> RecordedListener:
    return RecordedListener(None if os.environ.get("VOICEMILL_ACCEPT") else DIALOGUE / "heard.json")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, listener: RecordedListener) -> Run:
    """Three speakers asked for, in chunks of two minutes."""
    params = PARAMS | {"min_speakers": 3, "max_speakers": 3}
    run = Run("stt.transcribe", tmp_path_factory.mktemp("told"), params, {"chunk_seconds": 120.0})
    run.all(AUDIO, listener)
    return run


def segments(run: Run) -> list[dict[str, Any]]:
    return json.loads(run.text("transcript.json"))["segments"]


def error_rate(found: list[dict[str, Any]]) -> float:
    """Diarization error rate against the truth's sentences, with the usual collar of 0.25 s to each side."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what its dependencies have to say of each other
        from pyannote.core import Annotation, Segment, Timeline
        from pyannote.metrics.diarization import DiarizationErrorRate

    truth = json.loads((DIALOGUE / "truth.json").read_text())
    words, whole = truth["words"], Timeline([Segment(0, truth["duration_s"])])
    reference, hypothesis = Annotation(), Annotation()
    for number, (start, end, voice) in enumerate(_runs(words, "voice")):
        reference[Segment(start, end), number] = voice
    spoken = [word for segment in found for word in segment["words"]]
    for number, (start, end, speaker) in enumerate(_runs(spoken, "speaker")):
        hypothesis[Segment(start, end), number] = speaker
    return DiarizationErrorRate(collar=0.5)(reference, hypothesis, uem=whole)


def _runs(words: list[dict[str, Any]], who: str) -> list[tuple[float, float, str]]:
    """Words of one speaker with less than half a second between them, as one stretch."""
    runs: list[tuple[float, float, str]] = []
    for word in words:
        if runs and runs[-1][2] == word[who] and word["start"] - runs[-1][1] < 0.5:
            runs[-1] = (runs[-1][0], word["end"], word[who])
        else:
            runs.append((word["start"], word["end"], word[who]))
    return runs


def test_three_voices_are_told_apart_when_their_number_is_given(told: Run) -> None:
    error = error_rate(segments(told))
    print(f"diarization error rate, number given: {error:.1%}")
    assert error <= 0.20


def test_labels_hold_from_the_first_chunk_to_the_last(told: Run) -> None:
    assert len({span.idx for span, _ in told.done}) >= 5, "one chunk proves nothing"
    truth = json.loads((DIALOGUE / "truth.json").read_text())["words"]
    middles = [(word["start"] + word["end"]) / 2 for word in truth]
    pairs = []
    for word in (word for segment in segments(told) for word in segment["words"]):
        at = min(range(len(truth)), key=lambda k: abs(middles[k] - (word["start"] + word["end"]) / 2))
        pairs.append((int(word["start"] // 120), truth[at]["voice"], word["speaker"]))
    names = {
        voice: Counter(speaker for _, spoke, speaker in pairs if spoke == voice).most_common(1)[0][0]
        for voice in VOICES
    }
    assert len(set(names.values())) == 3
    for minutes in range(5):
        right = [names[voice] == speaker for block, voice, speaker in pairs if block == minutes]
        assert sum(right) / len(right) > 0.9, f"minutes {2 * minutes} to {2 * minutes + 2}"


def test_number_of_speakers_is_found_where_nobody_gives_it(tmp_path: Path, listener: RecordedListener) -> None:
    run = Run("stt.transcribe", tmp_path, dict(PARAMS))
    run.all(AUDIO, listener)
    error = error_rate(segments(run))
    print(f"diarization error rate, number not given: {error:.1%}")
    assert {segment["speaker"] for segment in segments(run)} == {"speaker_1", "speaker_2", "speaker_3"}
    assert "speaker_2: " in run.text("transcript.txt")


def test_record_is_that_of_these_windows(told: Run, listener: RecordedListener) -> None:
    assert listener.missed <= 2, "the flow cuts otherwise now: python -m tests.material.recorded_listener dialogue"
