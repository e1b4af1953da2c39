"""pipelines/stt/output/line_file.py: one line for each segment."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.requests import TranscriptionRequest
from pipelines.stt.output.line_file import LineTranscript, create_text, create_tsv
from pipelines.transcript.segment import TranscriptSegment
from tests.transcript_factories import make_segment


def segment(text: str = "So\tit\nis.", *, speaker: str | None = None) -> TranscriptSegment:
    return make_segment(text, 1.2346, 2.0, speaker=speaker)


def lines(writer: LineTranscript, *segments: TranscriptSegment) -> list[str]:
    for each in segments:
        writer.add(each)
    return writer.finish({}).read_text().split("\n")


def test_row_has_milliseconds_and_no_separator_in_its_text(tmp_path: Path) -> None:
    writer = create_tsv(tmp_path / "t.tsv", TranscriptionRequest())
    assert lines(writer, segment()) == ["start\tend\ttext", "1235\t2000\tSo it is.", ""]


def test_row_has_a_column_for_the_speaker_where_the_request_asks_for_speakers(tmp_path: Path) -> None:
    writer = create_tsv(tmp_path / "t.tsv", TranscriptionRequest(diarize=True))
    header, known, unknown, _ = lines(writer, segment(speaker="Ann"), segment(speaker=None))
    assert (header.split("\t")[3], known.split("\t")[3], unknown.split("\t")[3]) == ("speaker", "Ann", "")


@pytest.mark.parametrize(("speaker", "line"), [("Ann", "Ann: Yes."), (None, "Yes.")])
def test_paragraph_begins_with_its_speaker_where_one_is_known(tmp_path: Path, speaker: str | None, line: str) -> None:
    writer = create_text(tmp_path / "t.txt", TranscriptionRequest())
    assert lines(writer, segment("Yes.", speaker=speaker)) == [line, ""]
