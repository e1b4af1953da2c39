"""pipelines/stt/output/transcript_files.py: one stream of segments in six formats."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import docx
import pytest

from pipelines.requests import TranscriptionRequest
from pipelines.stt.output.transcript_files import write_transcript
from pipelines.transcript.segment import TranscriptSegment
from tests.pipeline_runner import DirectorySink
from tests.transcript_factories import make_segment as make_timed_segment
from tests.transcript_factories import make_word


def make_segment(number: int, **changes: Any) -> TranscriptSegment:
    start = number * 3.0
    words = make_word("He", start, start + 0.5, 0.25), make_word("stopped.", start + 1.0, start + 2.0, 0.75)
    text = f'He said "{number}"\tand — stopped.'
    segment = make_timed_segment(
        text, start, start + 2.0, *words, confidence=0.5, language="en", language_confidence=0.8
    )
    return replace(segment, **changes)


def write(tmp_path: Path, segments: Any, **params: Any) -> tuple[dict[str, Any], DirectorySink]:
    sink = DirectorySink(tmp_path)
    request = TranscriptionRequest(**{"formats": ["json", "txt", "srt", "vtt", "tsv", "docx"], **params})
    return write_transcript(request, segments, 100.0, sink), sink


def test_transcript_json_has_exactly_the_published_shape(tmp_path: Path) -> None:
    segments = [make_segment(0, speaker="channel_1"), make_segment(1, speaker="channel_1")]
    _, sink = write(tmp_path, segments, channels="split")
    written = json.loads((sink.out / "transcript.json").read_text())
    assert list(written) == ["text", "language", "language_confidence", "duration_s", "avg_confidence", "segments"]
    assert written["text"] == 'He said "0"\tand — stopped. He said "1"\tand — stopped.'
    assert (written["language"], written["language_confidence"], written["duration_s"]) == ("en", 0.8, 100.0)
    assert written["avg_confidence"] == 0.5
    assert list(written["segments"][0]) == ["id", "start", "end", "text", "confidence", "speaker", "model", "words"]
    assert [segment["id"] for segment in written["segments"]] == [0, 1]
    assert list(written["segments"][0]["words"][0]) == ["word", "start", "end", "confidence", "speaker"]


@pytest.mark.parametrize("timestamps", ["none", "segment", "word"])
def test_timestamps_have_the_requested_granularity(tmp_path: Path, timestamps: str) -> None:
    _, sink = write(tmp_path, [make_segment(0)], timestamps=timestamps)
    written = json.loads((sink.out / "transcript.json").read_text())
    assert written["text"].startswith("He said")
    if timestamps == "none":
        assert written["segments"] == []
    else:
        assert ("words" in written["segments"][0]) == (timestamps == "word")


@pytest.mark.parametrize("asked", [{"diarize": True}, {"channels": "split"}])
def test_speakers_are_named_without_times_too(tmp_path: Path, asked: dict[str, Any]) -> None:
    _, sink = write(tmp_path, [make_segment(0, speaker="B")], formats=["json"], timestamps="none", **asked)
    (segment,) = json.loads((sink.out / "transcript.json").read_text())["segments"]
    assert list(segment) == ["id", "text", "confidence", "speaker", "model"]
    assert segment["speaker"] == "B"


@pytest.mark.parametrize("asked", [{"diarize": True}, {"channels": "split"}, {}])
def test_table_has_a_column_for_speakers_where_they_are_requested(tmp_path: Path, asked: dict[str, Any]) -> None:
    speakers: list[dict[str, Any]] = [{"speaker": "B"}, {"speaker": None}] if asked else [{}, {}]
    segments = [make_segment(number, text="So.", **who) for number, who in enumerate(speakers)]
    _, sink = write(tmp_path, segments, formats=["tsv", "txt"], **asked)
    rows = [line.split("\t") for line in (sink.out / "transcript.tsv").read_text().splitlines()]
    assert rows[0] == ["start", "end", "text", *(["speaker"] if asked else [])]
    assert {len(row) for row in rows} == {len(rows[0])}
    if asked:
        assert [row[-1] for row in rows[1:]] == ["B", ""]
        assert (sink.out / "transcript.txt").read_text() == "B: So.\nSo.\n"


def test_only_the_wanted_formats_are_written_with_their_types(tmp_path: Path) -> None:
    _, sink = write(tmp_path, [make_segment(0)], formats=["vtt", "txt", "vtt"])
    assert sink.content_types == {
        "transcript.vtt": "text/vtt; charset=utf-8",
        "transcript.txt": "text/plain; charset=utf-8",
    }
    assert list(sink.directory.iterdir()) == []


def test_no_speech_is_an_empty_transcript_in_every_format(tmp_path: Path) -> None:
    summary, sink = write(tmp_path, [], language="de")
    assert summary == {"language": "de", "language_confidence": None, "avg_confidence": None}
    written = json.loads((sink.out / "transcript.json").read_text())
    assert (written["text"], written["segments"], written["duration_s"]) == ("", [], 100.0)
    assert (sink.out / "transcript.vtt").read_text() == "WEBVTT\n\n"
    assert (sink.out / "transcript.srt").read_text() == (sink.out / "transcript.txt").read_text() == ""


def test_language_is_that_of_most_of_the_speech(tmp_path: Path) -> None:
    french = make_segment(2, language="fr", language_confidence=0.6, end=12.0)
    summary, _ = write(tmp_path, [make_segment(0), make_segment(1), french])
    assert (summary["language"], summary["language_confidence"]) == ("fr", 0.6)


def test_table_is_in_milliseconds_and_has_one_line_for_each_segment(tmp_path: Path) -> None:
    _, sink = write(tmp_path, [make_segment(0), make_segment(1)])
    lines = (sink.out / "transcript.tsv").read_text().splitlines()
    assert lines == [
        "start\tend\ttext",
        '0\t2000\tHe said "0" and — stopped.',
        '3000\t5000\tHe said "1" and — stopped.',
    ]


def test_table_and_text_name_the_speakers_of_split_channels(tmp_path: Path) -> None:
    _, sink = write(tmp_path, [make_segment(0, speaker="channel_2")], channels="split")
    assert (sink.out / "transcript.tsv").read_text().splitlines()[1].endswith("\tchannel_2")
    assert (sink.out / "transcript.txt").read_text().startswith("channel_2: He")


def test_memory_does_not_grow_with_the_transcript(tmp_path: Path) -> None:
    def segments(count: int) -> Iterator[TranscriptSegment]:
        return (make_segment(number) for number in range(count))

    peaks = []
    for count in (500, 5_000):
        tracemalloc.start()
        write(tmp_path / str(count), segments(count))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 500_000
    assert len(json.loads((tmp_path / "5000/out/transcript.json").read_text())["segments"]) == 5_000


def test_subtitles_are_as_the_request_wants_them(tmp_path: Path) -> None:
    text = "It was the best of times, it was the worst of times."
    params = {"max_line_length": 20, "max_lines": 1, "speakers_in_subtitles": False}
    _, sink = write(tmp_path, [make_segment(0, text=text, words=(), speaker="Ann")], **params)
    srt = (sink.out / "transcript.srt").read_text()
    blocks = srt.strip().split("\n\n")
    assert all(len(block.splitlines()) == 3 and len(block.splitlines()[2]) <= 20 for block in blocks)
    assert " ".join(block.splitlines()[2] for block in blocks) == text
    assert "Ann" not in srt + (sink.out / "transcript.vtt").read_text()
    assert "Ann: It was" in (sink.out / "transcript.txt").read_text()


def test_a_word_document_has_the_name_of_the_recording(tmp_path: Path) -> None:
    _, sink = write(tmp_path, [make_segment(0, speaker="Ann")], source_name="meeting.opus")
    document = docx.Document(str(sink.out / "transcript.docx"))
    assert [paragraph.text for paragraph in document.paragraphs] == [
        "meeting.opus",
        '00:00:00  Ann: He said "0"\tand — stopped.',
    ]
