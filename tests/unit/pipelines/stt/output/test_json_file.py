"""pipelines/stt/output/json_file.py: what a JSON transcript holds, by the request."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipelines.requests import TranscriptionRequest
from pipelines.stt.output.json_file import JsonTranscript
from pipelines.transcript.segment import TranscriptSegment
from tests.transcript_factories import make_segment, make_word

SUMMARY = {"language": "en", "language_confidence": None, "duration_s": 3.0, "avg_confidence": 0.5}
SEGMENT = make_segment('A "quoted" \\ word\n', 0.0, 1.0, make_word("A", 0.0, 1.0, 0.5), confidence=0.5)


def write(tmp_path: Path, *segments: TranscriptSegment, **params: Any) -> dict[str, Any]:
    writer = JsonTranscript(tmp_path / "t.json", TranscriptionRequest(**params))
    for segment in segments:
        writer.add(segment)
    return dict(json.loads(writer.finish(SUMMARY).read_text()))


def test_texts_are_joined_by_spaces_whatever_they_contain(tmp_path: Path) -> None:
    written = write(tmp_path, SEGMENT, SEGMENT)
    assert written["text"] == f"{SEGMENT.text} {SEGMENT.text}"
    assert {name: written[name] for name in SUMMARY} == SUMMARY


@pytest.mark.parametrize(
    ("params", "fields"),
    [
        ({}, ["id", "start", "end", "text", "confidence", "model", "words"]),
        ({"timestamps": "segment"}, ["id", "start", "end", "text", "confidence", "model"]),
        ({"timestamps": "none", "diarize": True}, ["id", "text", "confidence", "speaker", "model"]),
        ({"timestamps": "none"}, None),
    ],
)
def test_segments_have_the_fields_that_the_request_asks_for(
    tmp_path: Path, params: dict[str, Any], fields: list[str] | None
) -> None:
    segments = write(tmp_path, SEGMENT, **params)["segments"]
    assert [list(segment) for segment in segments] == ([] if fields is None else [fields])


@pytest.mark.parametrize("asked", [{"diarize": True}, {"channels": "split"}])
def test_words_have_a_speaker_where_speakers_are_requested_even_an_unknown_one(
    tmp_path: Path, asked: dict[str, Any]
) -> None:
    (segment,) = write(tmp_path, SEGMENT, **asked)["segments"]
    assert segment["words"] == [{"word": "A", "start": 0.0, "end": 1.0, "confidence": 0.5, "speaker": None}]


def test_no_scratch_file_is_left(tmp_path: Path) -> None:
    write(tmp_path, SEGMENT)
    assert [path.name for path in tmp_path.iterdir()] == ["t.json"]


def test_segments_have_their_language_where_a_recording_has_several(tmp_path: Path) -> None:
    german, english = replace(SEGMENT, language="de"), replace(SEGMENT, language="en")
    assert [each["language"] for each in write(tmp_path, german, english)["segments"]] == ["de", "en"]
    assert all("language" not in each for each in write(tmp_path, english, english)["segments"])
    assert write(tmp_path, german, english, timestamps="none")["segments"] == []
