"""pipelines/stt/output/subtitle_file.py: the request's style, and the place of the speaker in each format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.requests import TranscriptionRequest
from pipelines.stt.output.subtitle_file import SubtitleTranscript
from pipelines.subtitles.srt import SRT
from pipelines.subtitles.subtitle_format import SubtitleFormat
from pipelines.subtitles.webvtt import WEBVTT
from pipelines.transcript.segment import TranscriptSegment
from tests.subtitle_factories import LONG
from tests.transcript_factories import make_segment


def write(tmp_path: Path, subtitle_format: SubtitleFormat, segment: TranscriptSegment, **params: Any) -> str:
    writer = SubtitleTranscript(tmp_path / "t", TranscriptionRequest(**params), subtitle_format)
    writer.add(segment)
    return writer.finish({}).read_text()


@pytest.mark.parametrize(("subtitle_format", "line"), [(SRT, "[Ann] Hello."), (WEBVTT, "<v Ann>Hello.")])
def test_speaker_is_where_the_format_has_a_place_for_it(
    tmp_path: Path, subtitle_format: SubtitleFormat, line: str
) -> None:
    segment = make_segment("Hello.", 0.0, 0.3, speaker="Ann")
    assert line in write(tmp_path, subtitle_format, segment)
    assert "Ann" not in write(tmp_path, subtitle_format, segment, speakers_in_subtitles=False)


def test_lines_are_as_long_and_as_many_as_the_request_allows(tmp_path: Path) -> None:
    blocks = write(tmp_path, SRT, make_segment(LONG, 0.0, 12.0), max_line_length=20, max_lines=1).strip().split("\n\n")
    lines = [block.splitlines()[2:] for block in blocks]
    assert {len(each) for each in lines} == {1}
    assert max(len(line) for each in lines for line in each) <= 20
