"""The whole flow of a transcription, over 25 minutes of speech with known word times (tests/material).

PocketSphinx's words for each window are recorded; `make accept` recognises all of them again. A window that is not
recorded, because the windows have changed, is recognised by PocketSphinx, which takes a third of its length.
"""

from __future__ import annotations

import itertools
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import pysubs2
import pytest
from numpy.typing import NDArray

from pipelines.pipeline import Span
from tests.audio_factories import make_wav
from tests.material.make_speech import TALK
from tests.material.recorded_recogniser import RECORDING, RecordedRecogniser
from tests.material.sounds import RATE_HZ, make_brown_noise, make_hum, make_music
from tests.pipeline_runner import PipelineRun

#: A minute on an idle machine.
pytestmark = pytest.mark.timeout(1800)

CHUNK_SECONDS = (60.0, 300.0, 1200.0)
PARAMS = {"model": "pocketsphinx", "punctuate": False, "formats": ["json", "srt", "txt"]}


@dataclass
class Talk:
    """The transcripts of the talk, and its reference words."""

    runs: dict[float, PipelineRun]
    truth: list[dict[str, Any]]
    words: list[dict[str, Any]]
    #: (index in `truth`, index in `words`) of correctly recognised words, and the indexes in `truth` of lost words.
    right: list[tuple[int, int]]
    lost: set[int]

    def covered_share(self, reference: int) -> float:
        """The share of the time of a reference word that is covered by words of the transcript."""
        start, end = self.truth[reference]["start"], self.truth[reference]["end"]
        return sum(max(0.0, min(end, word["end"]) - max(start, word["start"])) for word in self.words) / (end - start)

    @property
    def spans(self) -> list[Span]:
        return [span for span, _ in self.runs[300.0].done]


@pytest.fixture(scope="module")
def recogniser() -> RecordedRecogniser:
    return RecordedRecogniser(None if os.environ.get("VOICEMILL_ACCEPT") else RECORDING)


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory, recogniser: RecordedRecogniser) -> Talk:
    runs = {}
    for seconds in CHUNK_SECONDS:
        folder = tmp_path_factory.mktemp(f"chunks-of-{seconds:.0f}")
        runs[seconds] = PipelineRun("stt.transcribe", folder, dict(PARAMS), {"chunk_seconds": seconds})
        runs[seconds].run_all(TALK / "talk.opus", recogniser)
    truth = json.loads((TALK / "truth.json").read_text())["words"]
    segments = json.loads(runs[300.0].read_text("transcript.json"))["segments"]
    words = [word for segment in segments for word in segment["words"]]
    texts = [" ".join(word["word"] for word in each) for each in (truth, words)]
    right, lost = [], set()
    for piece in jiwer.process_words(*texts).alignments[0]:
        reference = range(piece.ref_start_idx, piece.ref_end_idx)
        if piece.type == "equal":
            right += list(zip(reference, range(piece.hyp_start_idx, piece.hyp_end_idx), strict=True))
        elif piece.type == "delete":
            lost.update(reference)
    return Talk(runs, truth, words, right, lost)


def test_word_times_are_true_from_the_first_minute_to_the_last(talk: Talk) -> None:
    starts = np.array([talk.truth[reference]["start"] for reference, _ in talk.right])
    errors = np.array(
        [
            [abs(talk.truth[reference][edge] - talk.words[recognised][edge]) for edge in ("start", "end")]
            for reference, recognised in talk.right
        ]
    )
    assert len(starts) > 2000 and starts.max() > 1500
    for begin in range(0, 1500, 300):
        here = errors[(starts >= begin) & (starts < begin + 300)]
        assert len(here) > 200
        assert np.median(here, axis=0).max() < 0.150, f"from {begin} s on"
        assert np.percentile(here, 95, axis=0).max() < 0.400, f"from {begin} s on"


def test_no_word_is_lost_where_windows_and_chunks_meet(talk: Talk) -> None:
    """The first and the last word of each window are recognised, and no word is between the windows."""
    lengths = [
        [(piece[0] / RATE_HZ, sum(piece) / RATE_HZ) for piece in data["pieces"]]
        for span in talk.spans
        for data in span.data["windows"]
    ]
    assert len(lengths) > 30
    covered = list(itertools.chain.from_iterable(lengths))
    for reference, word in enumerate(talk.truth):
        inside = sum(max(0.0, min(end, word["end"]) - max(start, word["start"])) for start, end in covered)
        assert inside > 0.95 * (word["end"] - word["start"]), f"word {reference}, {word}"
    for pieces in lengths:
        here = [
            reference
            for reference, word in enumerate(talk.truth)
            if word["start"] < pieces[-1][1] and word["end"] > pieces[0][0]
        ]
        assert here, "a window without speech"
        # A word that was recognised as another, or merged with its neighbour, is not lost: its time is covered.
        assert all(talk.covered_share(reference) > 0.5 for reference in (here[0], here[-1]))
    assert len(talk.lost) < 0.04 * len(talk.truth)


def test_windows_are_nine_tenths_full(talk: Talk) -> None:
    seconds = [
        sum(length for _, length in data["pieces"]) / RATE_HZ for span in talk.spans for data in span.data["windows"]
    ]
    assert np.mean(seconds) >= 0.9 * 30


def test_chunks_of_one_five_and_twenty_minutes_give_the_same_transcript(talk: Talk) -> None:
    assert [len(run.done) for run in talk.runs.values()] == sorted(
        {len(run.done) for run in talk.runs.values()}, reverse=True
    )
    for name in ("transcript.json", "transcript.srt", "transcript.txt"):
        assert len({run.read_text(name) for run in talk.runs.values()}) == 1


def test_subtitles_of_real_speech_keep_to_the_conventions(talk: Talk) -> None:
    cues = list(pysubs2.SSAFile.from_string(talk.runs[300.0].read_text("transcript.srt"), format_="srt"))
    assert len(cues) > 200
    lines = [cue.plaintext.split("\n") for cue in cues]
    assert all(len(of_cue) <= 2 and all(len(line) <= 42 for line in of_cue) for of_cue in lines)
    assert all(one.end <= following.start for one, following in itertools.pairwise(cues))
    # Where speech is fast and without pauses, no subtitle can be slow enough to read.
    speed = np.array([len(cue.plaintext) / (cue.duration / 1000) for cue in cues])
    assert (speed <= 17.1).mean() > 0.9
    text = " ".join(" ".join(of_cue) for of_cue in lines)
    assert text == " ".join(word["word"] for word in talk.words)


TEN_MINUTES_S = 600.0
_SOUNDS = {
    "silence": lambda: np.zeros(int(TEN_MINUTES_S * RATE_HZ)),
    "hum": lambda: make_hum(TEN_MINUTES_S),
    "noise": lambda: make_brown_noise(TEN_MINUTES_S, seed=7),
    "white noise": lambda: np.random.default_rng(8).normal(0.0, 400.0, int(TEN_MINUTES_S * RATE_HZ)),
    "music": lambda: make_music(TEN_MINUTES_S, seed=9),
}


@pytest.mark.parametrize("sound", _SOUNDS)
def test_no_words_are_recognised_without_speech(tmp_path: Path, recogniser: RecordedRecogniser, sound: str) -> None:
    samples: NDArray[np.float64] = _SOUNDS[sound]()
    run = PipelineRun("stt.transcribe", tmp_path, dict(PARAMS))
    result = run.run_all(make_wav(tmp_path / "a.wav", np.rint(samples).astype(np.int16)), recogniser)
    assert json.loads(run.read_text("transcript.json"))["segments"] == []
    assert run.read_text("transcript.srt") == run.read_text("transcript.txt") == ""
    assert [warning["code"] for warning in result.summary["warnings"]] == ["no_speech"]
