"""pipelines/subtitles/cues.py: cues that can be read."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.subtitles.cue_splitting import Cue
from pipelines.subtitles.timed_segment import TimedSegment
from pipelines.subtitles.timed_text import display_width
from tests.subtitle_factories import LONG, build_cues, make_segment

COLUMNS, LINES = 42, 2


def test_short_segment_is_one_cue_with_its_times() -> None:
    assert build_cues(make_segment("Hello there, world.", start=2.0, word_s=0.5)) == [
        Cue(2.0, 3.5, ("Hello there, world.",))
    ]


def test_long_segment_becomes_cues_of_two_lines_with_all_words() -> None:
    cues = build_cues(make_segment(LONG))
    assert " ".join(line for cue in cues for line in cue.lines) == LONG
    assert all(len(cue.lines) <= LINES and all(len(line) <= COLUMNS for line in cue.lines) for cue in cues)
    assert all(cue.end <= following.start for cue, following in itertools.pairwise(cues))


def test_lines_of_a_cue_are_about_equally_long() -> None:
    (cue,) = build_cues(make_segment("The quick brown fox jumps over the lazy dog again."))
    assert abs(len(cue.lines[0]) - len(cue.lines[1])) <= 10


def test_last_word_does_not_stand_in_a_cue_of_its_own() -> None:
    text = "We have about half an hour or so let us begin and I looked at the numbers from last year."
    first, second = build_cues(make_segment(text))
    assert " ".join(first.lines + second.lines) == text
    assert len(" ".join(second.lines)) > len(text) / 3


def test_pause_ends_a_cue() -> None:
    segment = make_segment("one two three four")
    later = [replace(word, start=word.start + 2.0, end=word.end + 2.0) for word in segment.words[2:]]
    assert [cue.lines for cue in build_cues(replace(segment, words=[*segment.words[:2], *later]))] == [
        ("one two",),
        ("three four",),
    ]


def test_short_cue_stays_for_a_second_but_never_over_the_next() -> None:
    first, second, last = build_cues(
        make_segment("Yes.", start=1.0), make_segment("No.", start=1.7), make_segment("Why?", start=9.0)
    )
    assert (first.end, second.end, last.end) == (1.7, 2.7, 10.0)


def test_segment_without_words_shares_its_time_by_length() -> None:
    cues = build_cues(TimedSegment(LONG, 10.0, 20.0))
    assert cues[0].start == 10.0 and 19.9 < cues[-1].end < 20.5
    assert " ".join(line for cue in cues for line in cue.lines) == LONG


def test_words_that_are_not_in_the_text_do_not_lose_the_text() -> None:
    segment = replace(make_segment("completely different words"), text="Another text altogether.")
    assert [cue.lines for cue in build_cues(segment)] == [("Another text altogether.",)]


def test_japanese_is_broken_without_spaces_and_counts_double() -> None:
    text = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。何でも薄暗いじめじめした所で泣いていた。"
    words = [text[start : start + 3] for start in range(0, len(text), 3)]
    cues = build_cues(replace(make_segment(" ".join(words)), text=text))
    assert "".join(line for cue in cues for line in cue.lines) == text
    assert all(display_width(line) <= COLUMNS for cue in cues for line in cue.lines)


def test_word_longer_than_a_line_is_left_whole() -> None:
    word = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
    cues = build_cues(make_segment(f"Die {word} gibt es nicht. " * 2))
    assert sum(line == word for cue in cues for line in cue.lines) == 2


def test_sentence_that_ends_in_the_first_line_ends_the_cue() -> None:
    cues = build_cues(make_segment("It was late. The man at the door had not said a word all evening."))
    assert [cue.lines for cue in cues] == [
        ("It was late.",),
        ("The man at the door", "had not said a word all evening."),
    ]


def test_first_word_of_a_sentence_is_capitalised() -> None:
    texts = ("and so it ends, my Friends.", "what now?", "we will see,", "and go on.")
    cues = build_cues(*(make_segment(text, start=9.0 * number) for number, text in enumerate(texts)))
    assert [" ".join(cue.lines) for cue in cues] == [
        "And so it ends, my Friends.",
        "What now?",
        "We will see,",
        "and go on.",
    ]


def test_text_without_punctuation_and_capitals_stays_so() -> None:
    cues = build_cues(make_segment("and so it ends"), make_segment("what now", start=9.0))
    assert [cue.lines for cue in cues] == [("and so it ends",), ("what now",)]


def test_cues_of_two_speakers_at_once_are_in_order_and_none_is_over_another() -> None:
    first = make_segment(LONG, speaker="channel_1")
    cues = build_cues(first, make_segment("Yes.", start=1.0, speaker="channel_2"), make_segment("I see.", start=5.0))
    starts = [cue.start for cue in cues]
    assert starts == sorted(starts)
    assert all(cue.end <= following.start for cue, following in itertools.pairwise(cues))
    said = " ".join(line for cue in cues if cue.speaker == "channel_1" for line in cue.lines)
    assert said == LONG
    (answer,) = (cue for cue in cues if cue.lines == ("Yes.",))
    assert 1.0 <= answer.start <= 3.0 and answer.end - answer.start >= 0.3


TIMED = st.tuples(st.floats(0, 30), st.floats(0, 9), st.integers(1, 30), st.sampled_from([None, "one", "two"]))


@settings(max_examples=100)
@given(st.lists(TIMED, min_size=1, max_size=12))
def test_no_cue_is_ever_over_another_whatever_the_times(segments: list[tuple[float, float, int, str | None]]) -> None:
    cues = build_cues(
        *(
            TimedSegment("word " * count + "end.", start, start + length, speaker=speaker)
            for start, length, count, speaker in sorted(segments, key=lambda each: each[0])
        )
    )
    assert all(cue.start < cue.end for cue in cues)
    assert all(cue.end <= following.start for cue, following in itertools.pairwise(cues))
    assert sum(line.split().count("end.") for cue in cues for line in cue.lines) == len(segments)


@pytest.mark.parametrize(("columns", "lines"), [(16, 1), (32, 2), (37, 3), (80, 1)])
def test_lines_are_as_long_and_as_many_as_the_style_allows(columns: int, lines: int) -> None:
    cues = build_cues(make_segment(LONG), columns=columns, lines=lines)
    assert " ".join(line for cue in cues for line in cue.lines) == LONG
    assert max(len(cue.lines) for cue in cues) == lines
    assert max(len(line) for cue in cues for line in cue.lines) <= columns


def test_a_cue_stays_until_it_can_be_read_where_nothing_follows() -> None:
    text = "It was the best of times, it was the worst."
    (cue,) = build_cues(make_segment(text, start=5.0, word_s=0.05))
    assert cue.end - cue.start == pytest.approx(len(text) / 17)
    (slow,) = build_cues(make_segment(text, start=5.0, word_s=0.05), characters_per_s=10.0)
    assert slow.end - slow.start == pytest.approx(len(text) / 10)


def test_a_cue_that_is_hemmed_in_comes_a_little_before_its_words() -> None:
    text = "It was the best of times, it was the worst."
    first, second, _ = build_cues(
        make_segment("Yes.", start=1.0), make_segment(text, start=5.0, word_s=0.1), make_segment("No.", start=6.2)
    )
    assert (first.end, second.start, second.end) == (2.0, 4.5, 6.2)
    _, held, _ = build_cues(
        make_segment("Yes, yes.", start=4.2), make_segment(text, start=5.0, word_s=0.1), make_segment("No.", start=6.2)
    )
    assert held.start == pytest.approx(5.0)


def test_a_name_in_the_text_takes_columns_there() -> None:
    cues = build_cues(make_segment(LONG, speaker="Professor Ines Marlowe"), speaker_in_text=True)
    assert all(cue.lines[0].startswith("[Professor Ines Marlo…] ") for cue in cues)
    assert all(display_width(line) <= COLUMNS and len(cue.lines) <= LINES for cue in cues for line in cue.lines)
    assert " ".join(line for cue in cues for line in cue.lines).replace("[Professor Ines Marlo…] ", "") == LONG


def test_speakers_can_be_left_out() -> None:
    (cue,) = build_cues(make_segment("Hello.", speaker="channel_2"), speaker_in_text=True, show_speakers=False)
    assert (cue.lines, cue.speaker) == (("Hello.",), None)


@settings(max_examples=100)
@given(
    st.lists(st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=60), min_size=1, max_size=40)
)
def test_no_text_is_ever_lost_and_no_line_of_several_words_too_wide(words: list[str]) -> None:
    cues = build_cues(make_segment(" ".join(words)))
    said = "".join("".join(line.split()) for cue in cues for line in cue.lines)
    assert said.casefold() == "".join(words).casefold()
    # A single word may be wider than a line.
    assert all(display_width(line) <= COLUMNS or " " not in line for cue in cues for line in cue.lines)
    assert all(len(cue.lines) <= LINES and cue.start < cue.end for cue in cues)
    assert all(cue.end <= following.start for cue, following in itertools.pairwise(cues))
