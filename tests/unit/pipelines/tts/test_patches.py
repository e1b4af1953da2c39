"""Sentences are changed by their number; all else stays as it was."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import BadInput
from pipelines.pipeline import Span
from tests.audio_factories import JFK
from tests.pipeline_runner import PipelineRun

TEXT = "One is here. Two is there.\n\nThree is gone. Four stays. Five too.\n\n# Six\n\nSeven ends it."
LIMITS = {"chunk_characters": 30}


def spans(folder: Path, *patches: dict[str, Any]) -> list[Span]:
    params = {"model": "tone", "text": TEXT, "patches": list(patches), "speech_marks": True}
    return list(PipelineRun("tts.synthesize", folder, params, LIMITS).plan(None).spans)


def test_only_the_chunk_of_a_patched_sentence_changes(tmp_path):
    before = spans(tmp_path / "a")
    after = spans(tmp_path / "b", {"sentence": 3, "text": "Four went away, and never came back."})
    changed = [old.idx for old, new in zip(before, after, strict=True) if old != new]
    assert len(before) > 2 and len(changed) == 1
    assert "never came back" in json.dumps(after[changed[0]].data["pieces"])
    assert [(span.start, span.end, span.units) for span in after] == [
        (span.start, span.end, span.units) for span in before
    ]


def test_sentence_gets_another_voice_and_keeps_its_text(tmp_path):
    (span,) = [span for span in spans(tmp_path, {"sentence": 1, "voice": "other"}) if span.data["first_sentence"] == 0]
    assert span.data["pieces"][1][0] == "Two is there." and span.data["pieces"][1][2]["style"] == {"voice": "other"}


def test_later_change_of_a_sentence_counts(tmp_path):
    first, second = {"sentence": 0, "text": "First."}, {"sentence": 0, "text": "Second."}
    assert spans(tmp_path, first, second)[0].data["pieces"][0][0] == "Second."


def test_later_change_leaves_what_it_does_not_give(tmp_path):
    text, voice = {"sentence": 0, "text": "First."}, {"sentence": 0, "voice": "other"}
    (piece, *_) = spans(tmp_path, text, voice)[0].data["pieces"]
    assert (piece[0], piece[2]["style"]) == ("First.", {"voice": "other"})


def test_recording_of_a_patch_is_an_input_of_its_chunk_alone(tmp_path):
    own, patched = "voice_" + "a" * 32, "voice_" + "b" * 32
    references = {voice: {"sha256": "0" * 64, "bytes": 1} for voice in (own, patched)}
    params = {"model": "yourtts", "text": TEXT, "voice": own, "references": references}
    params["patches"] = [{"sentence": 3, "voice": patched}]
    run = PipelineRun("tts.synthesize", tmp_path, params, LIMITS)
    for voice in (own, patched):
        shutil.copy(JFK, run.sink.directory / voice)
    inputs = {span.data["first_sentence"]: list(span.inputs) for span in run.plan(None).spans}
    before = f"{own}.s16le"
    (first,) = [number for number, names in inputs.items() if names != [before]]
    assert first <= 3 and inputs[first] == [before, f"{patched}.s16le"]


def test_number_beyond_the_book_is_refused_with_what_there_is(tmp_path):
    with pytest.raises(BadInput, match=r"no sentence 99: the book has \d") as refused:
        spans(tmp_path, {"sentence": 99, "text": "x"})
    assert refused.value.field == "sentence"


def test_numbers_are_those_of_the_marks(tmp_path):
    run = PipelineRun("tts.synthesize", tmp_path, {"model": "tone", "text": TEXT, "speech_marks": True}, LIMITS)
    run.run_all(None)
    sentences = json.loads(run.read_text("marks.json"))["sentences"]
    pieces = [piece[0] for span, _ in run.done for piece in span.data["pieces"]]
    assert [pieces[sentence["sentence"]] for sentence in sentences] == [sentence["text"] for sentence in sentences]
