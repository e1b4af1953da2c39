"""A recogniser finds what a voice did wrong, and the sentence is synthesised again.

Flite reads (tests/fixtures/talk), PocketSphinx listens; its answers are remembered in sentence_recognition.json.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.tts.part_file import SpokenSentence, read_part
from tests.material.recorded_recogniser import RecordedRecogniser
from tests.material.recorded_voice import RECORDING, RecordedVoice, SilentSentenceVoice, choose_faults, load_sentences
from tests.pipeline_runner import PipelineRun

RECOGNISER = "pocketsphinx-en-us"


def verified(
    root: Path, reader: RecordedVoice, texts: list[str], **params: Any
) -> tuple[PipelineRun, RecordedRecogniser, Any]:
    recogniser = RecordedRecogniser(RECORDING)
    run = PipelineRun(
        "tts.synthesize",
        root,
        {"model": "tone", "text": "\n\n".join(texts), "verify": True, "normalise": False, **params},
    )
    result = run.run_all(None, reader, {RECOGNISER: recogniser})
    return run, recogniser, result


def sentences_of(run: PipelineRun, nth: int) -> list[SpokenSentence]:
    """The sentences of the parts of a round; `nth` from 1."""
    of_round = [path for span, path in run.done if span.data.get("round", 1) == nth]
    return [sentence for path in of_round for sentence in read_part(path).sentences]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> tuple[PipelineRun, RecordedRecogniser, Any]:
    return verified(
        tmp_path_factory.mktemp("book"), RecordedVoice(choose_faults()), list(load_sentences()), speech_marks=True
    )


def test_ten_of_ten_planted_faults_are_found_and_hardly_anything_else(book: tuple[PipelineRun, Any, Any]) -> None:
    run, recogniser, _ = book
    assert recogniser.unrecorded == 0, "windows changed: python -m tests.material.recorded_voice"
    verified_sentences = sentences_of(run, 2)
    doubtful = {sentence.text for sentence in verified_sentences if sentence.is_doubtful}
    assert len(choose_faults()) == 10
    assert set(choose_faults()) <= doubtful
    right = [sentence for sentence in verified_sentences if sentence.text not in choose_faults()]
    assert len(right) >= 70
    assert len(doubtful - set(choose_faults())) / len(right) < 0.05


def test_faults_of_one_rendition_are_gone_in_the_end(book: tuple[PipelineRun, Any, Any]) -> None:
    run, _, result = book
    marks = json.loads(run.read_text("marks.json"))["sentences"]
    assert [mark["text"] for mark in marks] == list(load_sentences())
    quality = result.summary["quality"]
    assert quality["sentences_heard"] == quality["sentences"] == len(load_sentences())
    assert not {each["text"] for each in quality["doubtful_sentences"]} & set(choose_faults())
    assert json.loads(run.read_text("quality.json"))["doubtful_sentences"] == quality["doubtful_sentences"]


def test_only_doubtful_sentences_are_resynthesised_and_verified_again(book: tuple[PipelineRun, Any, Any]) -> None:
    run, _, result = book
    doubtful = [sentence.text for sentence in sentences_of(run, 2) if sentence.is_doubtful]
    again = [sentence.text for sentence in sentences_of(run, 3) if sentence.attempts > 1]
    assert again == doubtful
    assert result.summary["quality"]["sentences_spoken_again"] == len(again)


def test_the_file_is_as_long_as_its_parts_whatever_was_resynthesised(book: tuple[PipelineRun, Any, Any]) -> None:
    run, _, result = book
    whole = {span.idx: read_part(path) for span, path in run.done}  # the last round of each
    assert result.duration_s == pytest.approx(sum(part.duration_s for part in whole.values()))
    assert sum(run.durations_s) == pytest.approx(result.duration_s, abs=1e-6)


def test_sentence_that_stays_wrong_is_reported_with_its_transcript(tmp_path: Path) -> None:
    text, other = list(load_sentences())[20:22]
    run, _, result = verified(tmp_path, SilentSentenceVoice(text), [text, other])
    (named,) = result.summary["quality"]["doubtful_sentences"]
    assert (named["text"], named["heard"], named["missing"], named["chapter"]) == (text, "", 1.0, 0)
    assert [warning["code"] for warning in result.summary["warnings"]] == ["no_sound", "doubtful_speech"]
    assert [span.data.get("round", 1) for span, _ in run.done] == [1, 2, 3, 4, 5, 6]
