"""pipelines/subtitles/phrase_breaks.py: where sentences and phrases end."""

from __future__ import annotations

import pytest

from pipelines.subtitles.phrase_breaks import balance_cost, break_cost, ends_sentence, ends_text


@pytest.mark.parametrize(
    ("word", "following"),
    [
        ("late.", "The"),
        ("late.”", "The"),
        ("Why?", "Because"),
        ("行く。", "次"),
        ("end…", "Then"),
        ("said.)", "“No"),
        ("よ。」", "彼"),
        ("よ。", "と"),
    ],
)
def test_sentence_ends(word: str, following: str) -> None:
    assert ends_sentence(word, following)


@pytest.mark.parametrize(
    ("word", "following"),
    [
        ("Dr.", "Müller"),
        ("J.", "Smith"),
        ("e.g.", "Paris"),
        ("z.B.", "Wien"),
        ("5.", "Mai"),
        ("No!”", "he"),
        ("a,", "B"),
        ("よ。」", "と"),
        ("よ。」", "って"),
    ],
)
def test_sentence_goes_on(word: str, following: str) -> None:
    assert not ends_sentence(word, following)


def test_text_ends_with_a_sentence_also_before_closing_quotes() -> None:
    assert ends_text("He said: “No.” ") and not ends_text("He said") and not ends_text("")


def test_break_is_best_at_punctuation_then_before_a_phrase_and_worst_behind_an_article() -> None:
    costs = [break_cost("door,", "he"), break_cost("stood", "at"), break_cost("old", "man"), break_cost("the", "door")]
    assert costs == sorted(costs) and len(set(costs)) == 4


def test_equal_lengths_cost_least() -> None:
    assert 2 * balance_cost(20, 42) < balance_cost(10, 42) + balance_cost(30, 42)


def test_japanese_lines_end_behind_particles_and_endings() -> None:
    costs = [break_cost("に", "新"), break_cost("話", "し"), break_cost("し", "合")]
    assert costs[0] == costs[2] < break_cost("委", "員") < costs[1]
    assert break_cost("の", "、") < break_cost("話", "し")
