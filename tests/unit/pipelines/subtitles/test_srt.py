"""pipelines/subtitles/srt.py: cues as SubRip, read back by another program."""

from __future__ import annotations

import pysubs2

from pipelines.subtitles.cue_splitting import Cue
from pipelines.subtitles.srt import SRT, write_cue
from tests.subtitle_factories import LONG, build_cues, make_segment


def write_file(cues: list[Cue]) -> str:
    return SRT.header + "".join(write_cue(number, cue) for number, cue in enumerate(cues, start=1))


def test_another_program_reads_the_same_times_and_lines() -> None:
    cues = build_cues(make_segment(LONG, start=3599.5), make_segment("Almost a hundred hours.", start=359_990.25))
    read = pysubs2.SSAFile.from_string(write_file(cues), format_="srt")
    assert [(event.start, event.end) for event in read] == [
        (round(cue.start * 1000), round(cue.end * 1000)) for cue in cues
    ]
    assert [event.plaintext for event in read] == ["\n".join(cue.lines) for cue in cues]


def test_arrow_in_a_text_does_not_end_a_cue() -> None:
    cues = build_cues(make_segment("a --> b"))
    assert len(pysubs2.SSAFile.from_string(write_file(cues), format_="srt")) == 1


def test_speaker_is_named_in_the_text() -> None:
    assert not SRT.has_speaker_field
    (cue,) = build_cues(make_segment("Hello.", speaker="channel_2"), speaker_in_text=True)
    assert "\n[channel_2] Hello.\n" in write_cue(1, cue)


def test_times_have_hours_and_are_rounded_to_milliseconds() -> None:
    cue = Cue(0.9996, 360_000.0004, ("x",))
    assert write_cue(7, cue) == "7\n00:00:01,000 --> 100:00:00,000\nx\n\n"
