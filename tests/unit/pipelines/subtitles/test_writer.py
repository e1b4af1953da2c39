"""pipelines/subtitles/writer.py: a subtitle file that grows by segments."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.subtitles.cue_splitting import CueStyle
from pipelines.subtitles.registry import SUBTITLE_FORMATS
from pipelines.subtitles.srt import SRT
from pipelines.subtitles.timed_segment import TimedSegment
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


_TIME = r"(\d\d):([0-5]\d):([0-5]\d)[,.](\d{3})"
_TEXTS = st.one_of(
    st.text(max_size=80),
    st.sampled_from(
        [
            LONG,
            "a --> b",
            "1",
            "",
            "one\n\n2\n00:00:00,000 --> 00:00:01,000",
            "<v A>&amp;",
            "委员会开会。没有人反对",
            "\u202bمرحبا. كيف",
        ]
    ),
)
_SEGMENTS = st.lists(
    st.builds(
        TimedSegment,
        _TEXTS,
        st.floats(0, 20),
        st.floats(20, 30),
        st.just(()),
        st.sampled_from([None, "channel_1", "A\n\n--> <B> & C"]),
    ),
    max_size=5,
).map(lambda segments: sorted(segments, key=lambda segment: segment.start))


def read_strictly(content: str, *, name: str) -> list[tuple[int, int, list[str]]]:
    """The cues of a file, as the strictest of players reads it: any deviation is an assertion error."""
    assert (not re.search(r"[\0\r\u2028]", content) and content.endswith("\n")) or not content
    if name == "vtt":
        assert content.startswith("WEBVTT\n\n")
        content = content.removeprefix("WEBVTT\n\n")
    cues = []
    for number, block in enumerate(content.removesuffix("\n\n").split("\n\n") if content else [], 1):
        lines = block.split("\n")
        if name == "srt":
            assert lines.pop(0) == str(number)
        found = re.fullmatch(f"{_TIME} --> {_TIME}", lines[0])
        assert found is not None and lines[1:] and all(line.strip() and "-->" not in line for line in lines[1:])
        times = [int(part) for part in found.groups()]
        start, end = (3_600_000 * h + 60_000 * m + 1_000 * s + ms for h, m, s, ms in (times[:4], times[4:]))
        assert (cues[-1][1] if cues else 0) <= start < end
        if name == "vtt":
            text = re.sub(r"^<v [^<>\n]+>", "", "\n".join(lines[1:]))
            assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", text)
        cues.append((start, end, lines[1:]))
    return cues


@pytest.mark.parametrize("name", SUBTITLE_FORMATS)
@given(segments=_SEGMENTS)
def test_strict_players_read_whatever_is_written(name: str, segments: list[TimedSegment]) -> None:
    subtitle_format = SUBTITLE_FORMATS[name]
    with tempfile.TemporaryDirectory() as folder:
        style = CueStyle(speaker_in_text=not subtitle_format.has_speaker_field)
        writer = SubtitleWriter(Path(folder) / "a", subtitle_format, style)
        for segment in segments:
            writer.add(segment)
        content = writer.finish().read_text(encoding="utf-8")
    cues = read_strictly(content, name=name)
    shown = sum(bool("".join(each.text.split())) for each in segments)
    assert bool(cues) <= bool(shown)
