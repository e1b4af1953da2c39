"""pipelines/subtitles/webvtt.py: cues as WebVTT, read back by another program."""

from __future__ import annotations

import io

import webvtt

from pipelines.subtitles.cue_splitting import Cue
from pipelines.subtitles.webvtt import WEBVTT, write_cue
from tests.subtitle_factories import build_cues, make_segment


def write_file(cues: list[Cue]) -> str:
    return WEBVTT.header + "".join(write_cue(number, cue) for number, cue in enumerate(cues, start=1))


def test_file_is_valid_whatever_the_text_holds() -> None:
    cues = build_cues(make_segment("Tom & Jerry --> <b>not bold</b> 1 < 2 > 0", speaker="channel_1"))
    read = list(webvtt.from_buffer(io.StringIO(write_file(cues))))
    assert [caption.voice for caption in read] == ["channel_1"]
    assert "Tom &amp; Jerry --&gt; &lt;b&gt;" in write_file(cues)
    assert "-->" not in read[0].raw_text


def test_speaker_is_a_voice_span_of_the_cue() -> None:
    assert WEBVTT.has_speaker_field
    (cue,) = build_cues(make_segment("Hello.", speaker="channel_2"))
    assert "<v channel_2>Hello." in write_cue(1, cue)


def test_times_have_hours_and_are_rounded_to_milliseconds() -> None:
    cue = Cue(0.9996, 360_000.0004, ("x",))
    assert write_cue(7, cue) == "00:00:01.000 --> 100:00:00.000\nx\n\n"
