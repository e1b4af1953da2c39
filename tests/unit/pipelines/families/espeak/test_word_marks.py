"""Word marks from the engine's events."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.families.espeak.word_marks import compute_word_marks

RATE = 1000


def marked(
    text: str, words: list[tuple[int, int, int]], ends: list[int], sound: np.ndarray | None = None
) -> list[tuple[str, float, float]]:
    samples = np.full(1000, 5000, np.int16) if sound is None else sound
    marks = compute_word_marks(text, words, ends, samples, RATE)
    return [(text[mark.start_char : mark.end_char], mark.start_s, mark.end_s) for mark in marks]


def test_a_word_lasts_until_the_next_begins() -> None:
    assert marked("One two.", [(0, 3, 100), (4, 3, 400)], [900]) == [("One", 0.1, 0.4), ("two", 0.4, 0.9)]


def test_a_word_before_a_pause_ends_where_its_sound_does() -> None:
    sound = np.zeros(1000, np.int16)
    sound[100:300] = sound[500:800] = 5000
    assert marked("One, two.", [(0, 3, 90), (5, 3, 490)], [400, 1000], sound) == [("One", 0.1, 0.3), ("two", 0.5, 0.8)]


def test_the_pieces_of_a_number_or_an_emoji_are_one_word() -> None:
    words = [(0, 1, 0), (1, 1, 100), (2, 5, 300), (8, 2, 400), (10, 3, 600)]
    assert marked("🙂 costs $1,234", words, []) == [
        ("🙂", 0.0, 0.3),
        ("costs", 0.3, 0.4),
        ("$1,234", 0.4, 1.0),
    ]


def test_punctuation_is_not_part_of_a_word_and_dashes_part_words() -> None:
    text = "„Ähm“ (it's)—done..."
    words = [(1, 3, 0), (7, 4, 300), (13, 4, 600)]
    assert [word for word, _, _ in marked(text, words, [])] == ["Ähm", "it's", "done"]


def test_scripts_without_spaces_keep_the_librarys_own_words() -> None:
    assert [word for word, _, _ in marked("你好，世界。", [(0, 1, 0), (1, 1, 200), (3, 2, 500)], [])] == [
        "你",
        "好",
        "世界",
    ]


def test_a_word_that_the_library_joined_is_marked_whole() -> None:
    assert [word for word, _, _ in marked("很好。", [(0, 1, 0)], [])] == ["很好"]


def test_words_of_one_event_share_its_time() -> None:
    assert marked("It was the best.", [(0, 2, 0), (3, 3, 100), (11, 4, 700)], []) == [
        ("It", 0.0, 0.1),
        ("was", 0.1, 0.4),
        ("the", 0.4, 0.7),
        ("best", 0.7, 1.0),
    ]


@pytest.mark.parametrize(
    ("words", "found"), [([(4, 3, 0), (0, 3, 300)], ["two"]), ([(99, 3, 0)], []), ([(-1, 2, 0)], []), ([], [])]
)
def test_positions_that_go_back_or_outside_are_left_out(words: list[tuple[int, int, int]], found: list[str]) -> None:
    assert [word for word, _, _ in marked("One two.", words, [])] == found


def test_silence_has_its_words_all_the_same() -> None:
    assert marked("One", [(0, 3, 100)], [500], np.zeros(1000, np.int16)) == [("One", 0.1, 0.5)]
