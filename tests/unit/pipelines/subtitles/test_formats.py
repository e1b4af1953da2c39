"""pipelines/subtitles/formats.py: cues in two formats, read back by other programs."""

from __future__ import annotations

import io

import pysubs2
import webvtt

from pipelines.subtitles.cues import Cue
from pipelines.subtitles.formats import VTT_HEADER, srt, vtt
from tests.subtitles import LONG, cues_of, make_segment


def srt_of(cues: list[Cue]) -> str:
    return "".join(srt(number, cue) for number, cue in enumerate(cues, start=1))


def vtt_of(cues: list[Cue]) -> str:
    return VTT_HEADER + "".join(vtt(cue) for cue in cues)


def test_srt_is_read_back_by_another_program() -> None:
    cues = cues_of(make_segment(LONG, start=3599.5), make_segment("Almost a hundred hours.", start=359_990.25))
    read = pysubs2.SSAFile.from_string(srt_of(cues), format_="srt")
    assert [(event.start, event.end) for event in read] == [
        (round(cue.start * 1000), round(cue.end * 1000)) for cue in cues
    ]
    assert [event.plaintext for event in read] == ["\n".join(cue.lines) for cue in cues]


def test_vtt_is_valid_and_read_back_whatever_the_text_holds() -> None:
    cues = cues_of(make_segment("Tom & Jerry --> <b>not bold</b> 1 < 2 > 0", speaker="channel_1"))
    read = list(webvtt.from_buffer(io.StringIO(vtt_of(cues))))
    assert [caption.voice for caption in read] == ["channel_1"]
    assert "Tom &amp; Jerry --&gt; &lt;b&gt;" in vtt_of(cues)
    assert "-->" not in read[0].raw_text


def test_arrow_in_a_text_does_not_end_an_srt_cue() -> None:
    (cue,) = cues_of(make_segment("a --> b"))
    assert len(pysubs2.SSAFile.from_string(srt(1, cue), format_="srt")) == 1


def test_speaker_is_named_in_both_formats() -> None:
    (cue,) = cues_of(make_segment("Hello.", speaker="channel_2"), named=True)
    assert "\n[channel_2] Hello.\n" in srt(1, cue)
    (cue,) = cues_of(make_segment("Hello.", speaker="channel_2"))
    assert "<v channel_2>Hello." in vtt(cue)


def test_times_are_written_with_hours_and_rounded_to_milliseconds() -> None:
    cue = Cue(0.9996, 360_000.0004, ("x",))
    assert srt(1, cue).splitlines()[1] == "00:00:01,000 --> 100:00:00,000"
    assert vtt(cue).splitlines()[0] == "00:00:01.000 --> 100:00:00.000"
