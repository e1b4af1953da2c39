"""Documents as chapters and paragraphs."""

from __future__ import annotations

import pytest

from pipelines.errors import InputTooLarge
from pipelines.text.document import (
    BLOCK_CHARACTERS,
    Chapter,
    Heading,
    Paragraph,
    clean_text,
    find_chapter_level,
    insert_chapters,
    is_speakable,
    limit_characters,
    split_paragraph,
)


def test_control_and_invisible_characters_are_not_spoken() -> None:
    assert clean_text(" a\x01b\u00adc\u200bd\t\n e\ufeff ") == "a bcd e"


def test_joined_emoji_and_indic_joiners_are_kept() -> None:
    assert clean_text("👩‍🚀 क्‍ष") == "👩‍🚀 क्‍ष"


@pytest.mark.parametrize("text", ["a", "7", "ü", "日", "🙂", "€", "50 %"])
def test_words_numbers_and_signs_are_speakable(text: str) -> None:
    assert is_speakable(text)


@pytest.mark.parametrize("text", ["* * *", "---", "…", "• •", "~", "═══", "_", "", " "])
def test_rules_and_bullets_are_not(text: str) -> None:
    assert not is_speakable(text)


def test_a_long_paragraph_comes_in_parts_that_are_cut_at_spaces() -> None:
    text = "word " * 10_000
    parts = list(split_paragraph(text))
    assert [part.continues for part in parts] == [False] + [True] * (len(parts) - 1)
    assert all(len(part.text) <= BLOCK_CHARACTERS for part in parts)
    assert " ".join(part.text for part in parts) == text.strip()


def test_a_word_longer_than_a_block_is_cut_anywhere() -> None:
    parts = list(split_paragraph("x" * (2 * BLOCK_CHARACTERS + 1)))
    assert [len(part.text) for part in parts] == [BLOCK_CHARACTERS, BLOCK_CHARACTERS, 1]


@pytest.mark.parametrize(
    ("counts", "level"), [({}, 1), ({1: 1}, 1), ({1: 1, 2: 9}, 2), ({1: 3, 2: 40}, 1), ({2: 1, 3: 4}, 3), ({3: 1}, 3)]
)
def test_chapters_are_the_highest_headings_that_come_more_than_once(counts: dict[int, int], level: int) -> None:
    assert find_chapter_level(counts) == level


def test_headings_above_the_level_begin_chapters_too() -> None:
    blocks = [Heading("Book", 1), Heading("One", 2), Paragraph("x"), Heading("a", 3)]
    assert list(insert_chapters(blocks, 2)) == [
        Chapter("Book"),
        Heading("Book", 1),
        Chapter("One"),
        Heading("One", 2),
        Paragraph("x"),
        Heading("a", 3),
    ]


def test_text_is_counted_while_it_is_read() -> None:
    blocks = limit_characters([Chapter("not counted at all"), Paragraph("x" * 10), Paragraph("y")], 10)
    assert isinstance(next(blocks), Chapter)
    assert next(blocks) == Paragraph("x" * 10)
    with pytest.raises(InputTooLarge, match="10 characters"):
        next(blocks)
