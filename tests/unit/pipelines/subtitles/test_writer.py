"""pipelines/subtitles/writer.py: a subtitle file that grows by segments."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.subtitles.cue_splitting import CueStyle
from pipelines.subtitles.registry import SUBTITLE_FORMATS
from pipelines.subtitles.srt import SRT
from pipelines.subtitles.webvtt import WEBVTT
from pipelines.subtitles.writer import SubtitleWriter
from tests.subtitle_factories import LONG, make_segment


@pytest.mark.parametrize("name", SUBTITLE_FORMATS)
def test_file_without_segments_is_the_header(tmp_path: Path, name: str) -> None:
    path = SubtitleWriter(tmp_path / "a", SUBTITLE_FORMATS[name]).finish()
    assert path.read_text() == SUBTITLE_FORMATS[name].header


def test_cues_are_numbered_through_all_segments(tmp_path: Path) -> None:
    writer = SubtitleWriter(tmp_path / "a.srt", SRT, CueStyle(lines=1))
    for start in (0.0, 60.0):
        writer.add(make_segment(LONG, start=start))
    blocks = writer.finish().read_text().strip().split("\n\n")
    assert [block.splitlines()[0] for block in blocks] == [str(number) for number in range(1, len(blocks) + 1)]
    assert len(blocks) > 4


def test_last_cue_ends_at_the_given_time_at_the_latest(tmp_path: Path) -> None:
    writer = SubtitleWriter(tmp_path / "a.vtt", WEBVTT)
    writer.add(make_segment("One.", start=2.0, word_s=0.2))
    assert "00:00:02.000 --> 00:00:02.500" in writer.finish(2.5).read_text()


def test_closed_file_takes_no_more(tmp_path: Path) -> None:
    writer = SubtitleWriter(tmp_path / "a.vtt", WEBVTT)
    writer.close()
    writer.close()
    with pytest.raises(ValueError, match="closed"):
        writer.add(make_segment("One."))
        writer.add(make_segment("Two.", start=9.0))
