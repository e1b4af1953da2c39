"""pipelines/transcript/subtitles.py: cues that can be read, in two formats."""

from __future__ import annotations

import io
import itertools
from typing import Any

import pysubs2
import webvtt
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.transcript.subtitles import COLUMNS, LINES, VTT_HEADER, Cue, CueStream, srt, vtt, width


def make_segment(text: str, *, start: float = 0.0, word_s: float = 0.3, **changes: Any) -> dict[str, Any]:
    words, at = [], start
    for word in text.split():
        words.append({"word": word, "start": round(at, 3), "end": round(at + word_s, 3), "confidence": 1.0})
        at += word_s
    return {"start": start, "end": round(at, 3), "text": text, "confidence": 1.0, "words": words, **changes}


def cues_of(*segments: dict[str, Any]) -> list[Cue]:
    stream = CueStream()
    return [cue for segment in segments for cue in stream.push(segment)] + list(stream.finish())


def srt_of(cues: list[Cue]) -> str:
    return "".join(srt(number, cue) for number, cue in enumerate(cues, start=1))


def vtt_of(cues: list[Cue]) -> str:
    return VTT_HEADER + "".join(vtt(cue) for cue in cues)


LONG = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, "
    "it was the epoch of belief, it was the epoch of incredulity."
)


def test_short_segment_is_one_cue_with_its_times() -> None:
    assert cues_of(make_segment("Hello there, world.", start=2.0, word_s=0.5)) == [
        Cue(2.0, 3.5, ("Hello there, world.",))
    ]


def test_long_segment_becomes_cues_of_two_lines_that_say_all() -> None:
    cues = cues_of(make_segment(LONG))
    assert " ".join(line for cue in cues for line in cue.lines) == LONG
    assert all(len(cue.lines) <= LINES and all(len(line) <= COLUMNS for line in cue.lines) for cue in cues)
    assert all(cue.end <= following.start for cue, following in itertools.pairwise(cues))


def test_lines_of_a_cue_are_about_equally_long() -> None:
    (cue,) = cues_of(make_segment("The quick brown fox jumps over the lazy dog again."))
    assert abs(len(cue.lines[0]) - len(cue.lines[1])) <= 10


def test_last_word_does_not_stand_in_a_cue_of_its_own() -> None:
    text = "We have about half an hour or so let us begin and I looked at the numbers from last year."
    first, second = cues_of(make_segment(text))
    assert " ".join(first.lines + second.lines) == text
    assert len(" ".join(second.lines)) > len(text) / 3


def test_pause_ends_a_cue() -> None:
    segment = make_segment("one two three four")
    for word in segment["words"][2:]:
        word["start"] += 2.0
        word["end"] += 2.0
    assert [cue.lines for cue in cues_of(segment)] == [("one two",), ("three four",)]


def test_short_cue_stays_for_a_second_but_never_over_the_next() -> None:
    first, second, last = cues_of(
        make_segment("Yes.", start=1.0), make_segment("No.", start=1.7), make_segment("Why?", start=9.0)
    )
    assert (first.end, second.end, last.end) == (1.7, 2.7, 10.0)


def test_segment_without_words_shares_its_time_by_length() -> None:
    segment = {**make_segment(LONG), "words": [], "start": 10.0, "end": 20.0}
    cues = cues_of(segment)
    assert cues[0].start == 10.0 and 19.9 < cues[-1].end < 20.5
    assert " ".join(line for cue in cues for line in cue.lines) == LONG


def test_words_that_are_not_in_the_text_do_not_lose_the_text() -> None:
    segment = make_segment("completely different words")
    segment["text"] = "Another text altogether."
    assert [cue.lines for cue in cues_of(segment)] == [("Another text altogether.",)]


def test_japanese_is_broken_without_spaces_and_counts_double() -> None:
    text = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。何でも薄暗いじめじめした所で泣いていた。"
    words = [text[start : start + 3] for start in range(0, len(text), 3)]
    segment = make_segment(" ".join(words))
    segment["text"] = text
    cues = cues_of(segment)
    assert "".join(line for cue in cues for line in cue.lines) == text
    assert all(width(line) <= COLUMNS for cue in cues for line in cue.lines)


def test_word_longer_than_a_line_is_broken() -> None:
    cues = cues_of(
        make_segment("Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft " * 2)
    )
    assert all(len(line) <= COLUMNS for cue in cues for line in cue.lines)


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
    (cue,) = cues_of(make_segment("Hello.", speaker="channel_2"))
    assert "[channel_2] Hello." in srt(1, cue)
    assert "<v channel_2>Hello." in vtt(cue)


def test_times_are_written_with_hours_and_rounded_to_milliseconds() -> None:
    cue = Cue(0.9996, 360_000.0004, ("x",))
    assert srt(1, cue).splitlines()[1] == "00:00:01,000 --> 100:00:00,000"
    assert vtt(cue).splitlines()[0] == "00:00:01.000 --> 100:00:00.000"


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=60), min_size=1, max_size=40)
)
def test_no_text_is_ever_lost_or_too_wide(words: list[str]) -> None:
    cues = cues_of(make_segment(" ".join(words)))
    said = "".join("".join(line.split()) for cue in cues for line in cue.lines)
    assert said == "".join(words)
    assert all(width(line) <= COLUMNS for cue in cues for line in cue.lines)
    assert all(len(cue.lines) <= LINES and cue.start < cue.end for cue in cues)
