"""Lines that are phrases, and lines that were broken at the width of a page."""

from __future__ import annotations

import pytest

from pipelines.text.annotated_text import AnnotatedText
from pipelines.text.lines import are_phrases, breaks_off, join_broken_word, join_items, join_lines, join_wrapped_lines

WRAPPED = [
    "It was the best of times, it was the worst of times, it was so",
    "the age of wisdom, it was the age of foolishness, it was the",
    "epoch of belief.",
]


@pytest.mark.parametrize(
    "lines",
    [
        ["Red", "Blue", "Green"],
        ["Roses are red", "Violets are blue", "Sugar is sweet", "And so are you"],
        ["The sea is grey,", "The sky is low,"],
        ["Ann Author", "12 Main Street", "London W1A 1AA"],
        ["Shall I compare thee to a summer's day?", "Thou art more lovely and more temperate:"],
    ],
)
def test_verse_lists_and_addresses_keep_their_lines(lines: list[str]) -> None:
    assert join_lines(lines) == "\n".join(lines)


@pytest.mark.parametrize(
    "lines",
    [
        WRAPPED,
        ["One line."],
        ["It was late. Bob had gone to", "London with the others. They"],
        ["x" * 90, "And more"],
        ["He went home and", "Alice stayed."],
        ["Der Hund lief über die Straße und", "Bello bellte laut im", "Garten hinter dem", "Haus."],
        ["吾輩は猫である。名前はまだ無い。", "見当がつかぬ。"],
    ],
)
def test_running_text_is_one_line(lines: list[str]) -> None:
    assert not are_phrases(lines)
    assert "\n" not in join_lines(lines)


def test_verse_with_small_letters_is_known_by_its_indentation() -> None:
    lines = ["The sea is grey,", "the sky is low,", "and here am I,", "as all men know."]
    assert join_lines(lines, [4, 6, 4, 6]) == "\n".join(lines)
    assert "\n" not in join_lines(lines, [4, 0, 0, 0])


@pytest.mark.parametrize(
    ("lines", "joined"),
    [
        (["can trans-", "form any word"], "can transform any word"),
        (["a well-", "known book"], "a well-known book"),
        (["nach Baden-", "Württemberg fährt"], "nach Baden-Württemberg fährt"),
        (["in pre-", "1900 days"], "in pre-1900 days"),
        (["an e-", "mail to his mother-in-", "law"], "an e-mail to his mother-in-law"),
        (["a dash --", "not joined"], "a dash -- not joined"),
        (["one co\u00ad", "operation"], "one cooperation"),
        (["どこで生れたかとんと", "見当がつかぬ"], "どこで生れたかとんと見当がつかぬ"),
        (["a", "", "b"], "a b"),
    ],
)
def test_a_hyphen_at_the_end_of_a_line_joins(lines: list[str], joined: str) -> None:
    assert " ".join(join_lines(lines).split()) == joined


@pytest.mark.parametrize(
    ("items", "texts"),
    [
        (["Red", "Blue", "Green"], ["Red\nBlue\nGreen"]),
        (["Red.", "Blue.", "Green"], ["Red.", "Blue.", "Green"]),
        (["Alone"], ["Alone"]),
        (["Item"] * 150, ["\n".join(["Item"] * 100), "\n".join(["Item"] * 50)]),
        ([], []),
    ],
)
def test_items_of_a_list_are_lines_where_they_are_no_sentences(items: list[str], texts: list[str]) -> None:
    assert [text.text for text in join_items([AnnotatedText(item) for item in items])] == texts


def test_breaks_in_long_running_lines_are_not_kept() -> None:
    text = "\n".join([*WRAPPED, "Short", "lines stay"])
    assert join_wrapped_lines(AnnotatedText(text)).text == " ".join(WRAPPED) + "\nShort\nlines stay"
    assert join_wrapped_lines(AnnotatedText("one line")).text == "one line"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("an exam-", "ple of it", "an example of it"),
        ("it was well-", "known", "it was well-known"),
        ("an exam-", "Ple", None),
        ("1914-", "when", None),
        ("an exam", "ple", None),
        ("a" * 50_000 + "-", "b", "a" * 50_000 + "b"),
    ],
)
def test_a_word_that_a_paragraph_breaks_off_goes_on_in_the_next(before: str, after: str, expected: str | None) -> None:
    joined = join_broken_word(AnnotatedText(before), AnnotatedText(after))
    assert (joined and joined.text) == expected


def test_a_text_breaks_off_within_a_sentence() -> None:
    assert breaks_off("he went to the") and breaks_off("he went,")
    assert not breaks_off("He went.") and not breaks_off("")
