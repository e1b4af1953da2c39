"""Diarization of ten minutes in which three synthetic voices take turns (tests/material/make_dialogue.py).

The words are recorded results of PocketSphinx; the speaker encoder is the real one.
"""

from __future__ import annotations

import json
import os
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.material.make_dialogue import DIALOGUE, VOICES
from tests.material.recorded_recogniser import RecordedRecogniser
from tests.pipeline_runner import PipelineRun

AUDIO = DIALOGUE / "dialogue.opus"
PARAMS = {"model": "pocketsphinx", "diarize": True, "formats": ["json", "txt"]}


@pytest.fixture(scope="module")
def recogniser() -> RecordedRecogniser:
    return RecordedRecogniser(None if os.environ.get("VOICEMILL_ACCEPT") else DIALOGUE / "recognition.json")


@pytest.fixture(scope="module")
def diarized(tmp_path_factory: pytest.TempPathFactory, recogniser: RecordedRecogniser) -> PipelineRun:
    """A transcription with three speakers, in chunks of two minutes."""
    params = PARAMS | {"min_speakers": 3, "max_speakers": 3}
    run = PipelineRun("stt.transcribe", tmp_path_factory.mktemp("diarized"), params, {"chunk_seconds": 120.0})
    run.run_all(AUDIO, recogniser)
    return run


def read_segments(run: PipelineRun) -> list[dict[str, Any]]:
    return json.loads(run.read_text("transcript.json"))["segments"]


def measure_error_rate(found: list[dict[str, Any]]) -> float:
    """Diarization error rate against the reference sentences, with the usual collar of 0.25 s to each side."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations in its dependencies
        from pyannote.core import Annotation, Segment, Timeline
        from pyannote.metrics.diarization import DiarizationErrorRate

    truth = json.loads((DIALOGUE / "truth.json").read_text())
    words, whole = truth["words"], Timeline([Segment(0, truth["duration_s"])])
    reference, hypothesis = Annotation(), Annotation()
    for number, (start, end, voice) in enumerate(_merge_words(words, "voice")):
        reference[Segment(start, end), number] = voice
    spoken = [word for segment in found for word in segment["words"]]
    for number, (start, end, speaker) in enumerate(_merge_words(spoken, "speaker")):
        hypothesis[Segment(start, end), number] = speaker
    return DiarizationErrorRate(collar=0.5)(reference, hypothesis, uem=whole)


def _merge_words(words: list[dict[str, Any]], who: str) -> list[tuple[float, float, str]]:
    """Runs of words of one speaker with less than half a second between them."""
    runs: list[tuple[float, float, str]] = []
    for word in words:
        if runs and runs[-1][2] == word[who] and word["start"] - runs[-1][1] < 0.5:
            runs[-1] = (runs[-1][0], word["end"], word[who])
        else:
            runs.append((word["start"], word["end"], word[who]))
    return runs


def test_three_speakers_are_distinguished_when_their_number_is_given(diarized: PipelineRun) -> None:
    error = measure_error_rate(read_segments(diarized))
    print(f"diarization error rate, number given: {error:.1%}")
    assert error <= 0.20


def test_labels_hold_from_the_first_chunk_to_the_last(diarized: PipelineRun) -> None:
    assert len({span.idx for span, _ in diarized.done}) >= 5, "one chunk proves nothing"
    truth = json.loads((DIALOGUE / "truth.json").read_text())["words"]
    middles = [(word["start"] + word["end"]) / 2 for word in truth]
    pairs = []
    for word in (word for segment in read_segments(diarized) for word in segment["words"]):
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


def test_number_of_speakers_is_estimated_when_it_is_not_given(tmp_path: Path, recogniser: RecordedRecogniser) -> None:
    run = PipelineRun("stt.transcribe", tmp_path, dict(PARAMS))
    run.run_all(AUDIO, recogniser)
    error = measure_error_rate(read_segments(run))
    print(f"diarization error rate, number not given: {error:.1%}")
    assert {segment["speaker"] for segment in read_segments(run)} == {"speaker_1", "speaker_2", "speaker_3"}
    assert "speaker_2: " in run.read_text("transcript.txt")


def test_recorded_recognition_covers_the_windows(diarized: PipelineRun, recogniser: RecordedRecogniser) -> None:
    assert recogniser.unrecorded <= 2, "windows changed: python -m tests.material.recorded_recogniser dialogue"
