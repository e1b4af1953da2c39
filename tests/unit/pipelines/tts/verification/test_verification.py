"""A recogniser finds what a voice did wrong, and the sentence is synthesised again.

Flite reads (tests/fixtures/talk), PocketSphinx listens; its answers are remembered in heard_sentences.json.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.tts.part_file import SpokenSentence, read_part
from tests.in_process import Run
from tests.material.flite_reader import HEARD, FliteReader, Mute, lines, planted
from tests.material.recorded_listener import RecordedListener

LISTENER = "pocketsphinx-en-us"


def verified(root: Path, reader: FliteReader, texts: list[str], **params: Any) -> tuple[Run, RecordedListener, Any]:
    listener = RecordedListener(HEARD)
    run = Run("tts.synthesize", root, {"model": "tone", "text": "\n\n".join(texts), "verify": True, **params})
    result = run.all(None, reader, {LISTENER: listener})
    return run, listener, result


def sentences_of(run: Run, nth: int) -> list[SpokenSentence]:
    """What the parts of a round say; `nth` from 1."""
    of_round = [path for span, path in run.done if span.data.get("round", 1) == nth]
    return [sentence for path in of_round for sentence in read_part(path).sentences]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, RecordedListener, Any]:
    return verified(tmp_path_factory.mktemp("book"), FliteReader(planted()), list(lines()), speech_marks=True)


def test_ten_of_ten_planted_faults_are_found_and_hardly_anything_else(book: tuple[Run, Any, Any]) -> None:
    run, listener, _ = book
    assert listener.missed == 0, "windows changed: python -m tests.material.flite_reader"
    heard = sentences_of(run, 2)
    doubtful = {sentence.text for sentence in heard if sentence.is_doubtful}
    assert len(planted()) == 10
    assert set(planted()) <= doubtful
    right = [sentence for sentence in heard if sentence.text not in planted()]
    assert len(right) >= 70
    assert len(doubtful - set(planted())) / len(right) < 0.05


def test_what_was_said_wrong_once_is_right_in_the_end(book: tuple[Run, Any, Any]) -> None:
    run, _, result = book
    marks = json.loads(run.text("marks.json"))["sentences"]
    assert [mark["text"] for mark in marks] == list(lines())
    quality = result.summary["quality"]
    assert quality["sentences_heard"] == quality["sentences"] == len(lines())
    assert not {each["text"] for each in quality["doubtful_sentences"]} & set(planted())
    assert json.loads(run.text("quality.json"))["doubtful_sentences"] == quality["doubtful_sentences"]


def test_only_doubtful_sentences_are_spoken_and_heard_again(book: tuple[Run, Any, Any]) -> None:
    run, _, result = book
    doubtful = [sentence.text for sentence in sentences_of(run, 2) if sentence.is_doubtful]
    again = [sentence.text for sentence in sentences_of(run, 3) if sentence.takes > 1]
    assert again == doubtful
    assert result.summary["quality"]["sentences_spoken_again"] == len(again)


def test_the_file_is_as_long_as_its_parts_whatever_was_said_again(book: tuple[Run, Any, Any]) -> None:
    run, _, result = book
    whole = {span.idx: read_part(path) for span, path in run.done}  # the last round of each
    assert result.duration_s == pytest.approx(sum(part.duration_s for part in whole.values()))
    assert sum(run.seconds) == pytest.approx(result.duration_s, abs=1e-6)


def test_sentence_that_stays_wrong_is_reported_with_what_was_heard(tmp_path: Path) -> None:
    text, other = list(lines())[20:22]
    run, _, result = verified(tmp_path, Mute(text), [text, other])
    (named,) = result.summary["quality"]["doubtful_sentences"]
    assert (named["text"], named["heard"], named["missing"], named["chapter"]) == (text, "", 1.0, 0)
    assert [warning["code"] for warning in result.summary["warnings"]] == ["no_sound", "doubtful_speech"]
    assert [span.data.get("round", 1) for span, _ in run.done] == [1, 2, 3, 4, 5, 6]
