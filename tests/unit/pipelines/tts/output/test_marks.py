"""pipelines/tts/output/marks.py: times of sentences, words and chapters in the finished file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.tts.output.marks import MarkWriter
from pipelines.tts.part_file import SpeechPart, SpokenSentence, SpokenWord
from tests.pipeline_runner import DirectorySink

RATE = 1_000


def make_part(*sentences: SpokenSentence, source_marks: tuple[tuple[str, int], ...] = ()) -> SpeechPart:
    return SpeechPart(0, RATE, np.zeros(5 * RATE, np.int16), sentences, source_marks)


def write(tmp_path: Path, *parts: SpeechPart, **params: Any) -> tuple[dict[str, Any], DirectorySink]:
    sink = DirectorySink(tmp_path)
    with MarkWriter(sink.directory, **params) as writer:
        offset = number = 0
        for part in parts:
            writer.add(part, offset, 0, first_sentence=number)
            offset += len(part.samples)
            number += len(part.sentences)
        writer.finish([{"title": "One", "start": 0.0, "end": offset / RATE}], offset / RATE, sink)
    return json.loads((sink.out / "marks.json").read_text()), sink


HELLO = SpokenSentence(
    "Hello you.", 100, 900, (SpokenWord("Hello", 100, 400), SpokenWord("you.", 500, 900)), segment_index=0, model="tone"
)
SILENT = SpokenSentence("…", 50, 50, segment_index=1)


def test_times_count_from_the_beginning_of_the_file(tmp_path: Path) -> None:
    marks, _ = write(tmp_path, make_part(HELLO), make_part(HELLO, source_marks=(("here", 500),)))
    assert [(each["sentence"], each["start"], each["end"]) for each in marks["sentences"]] == [
        (0, 0.1, 0.9),
        (1, 5.1, 5.9),
    ]
    assert [each["start"] for each in marks["words"]] == [0.1, 0.5, 5.1, 5.5]
    assert marks["marks"] == [{"name": "here", "time": 5.5, "chapter": 0}]


def test_silent_sentence_keeps_its_number_and_has_no_mark(tmp_path: Path) -> None:
    marks, _ = write(tmp_path, make_part(SILENT, HELLO))
    assert [each["sentence"] for each in marks["sentences"]] == [0]


@pytest.mark.parametrize("names_models", [False, True])
def test_models_are_named_on_request(tmp_path: Path, names_models: bool) -> None:
    marks, _ = write(tmp_path, make_part(HELLO), names_models=names_models)
    assert [each.get("model") for each in marks["sentences"]] == ["tone" if names_models else None]


def test_three_files_are_put_and_no_scratch_is_left(tmp_path: Path) -> None:
    _, sink = write(tmp_path, make_part(HELLO))
    assert sink.content_types == {
        "marks.json": "application/json",
        "captions.vtt": "text/vtt; charset=utf-8",
        "chapters.json": "application/json",
    }
    assert list(sink.directory.iterdir()) == []
    assert "Hello you." in (sink.out / "captions.vtt").read_text()
    assert json.loads((sink.out / "chapters.json").read_text())["chapters"][0]["title"] == "One"


def test_last_caption_ends_with_the_sound(tmp_path: Path) -> None:
    late = SpokenSentence("Late.", 4_800, 4_990)
    _, sink = write(tmp_path, make_part(late))
    assert "00:00:04.800 --> 00:00:05.000" in (sink.out / "captions.vtt").read_text()
