"""Which lines of a plain text are headings."""

from __future__ import annotations

import pytest

from pipelines.text.documents.chapter_titles import find_title


@pytest.mark.parametrize(
    "line",
    [
        "Chapter 1",
        "CHAPTER I: The Cave",
        "CHAPTER I. Down the Rabbit-Hole",
        "Chapter One",
        "Stave One",
        "STAVE I: MARLEY'S GHOST",
        "Chap. IV",
        "Kap. 2",
        "Hoofdstuk één",
        "Capítulo Dois",
        "Глава двадцать первая",
        "Пролог",
        "Introdução",
        "プロローグ",
        "终章",
        "chapter twenty-one",
        "Chapter 12 The End",
        "Part the First",
        "Book II",
        "IV.",
        "XIV",
        "XIV. The Road",
        "I. Introduction",
        "Prologue",
        "Epilogue: Ten Years Later",
        "Kapitel 3 – Der Wald",
        "Erstes Kapitel",
        "Capítulo 7",
        "Chapitre premier",
        "Hoofdstuk 4",
        "ГЛАВА 2",
        "Глава II",
        "Vorwort",
        "Drittes Kapitel: Das Ende",
        "Deuxième partie",
        "Capítulo segundo",
        "Capitolo primo",
        "Глава первая",
        "ROZDZIAŁ PIERWSZY",
        "第一章 開始",
        "第10回",
        "제1장",
    ],
)
def test_a_line_that_names_a_division_is_its_title(line: str) -> None:
    assert find_title([line]) == line


@pytest.mark.parametrize(
    "line",
    [
        "I",
        "12",
        "MIX",
        "Mild weather",
        "Civil war",
        "Part of it",
        "First book: it was good, he said.",
        "第一に、それは違う。",
        "Part one of the plan was simple.",
        "Chapter 1 was long, and so was I.",
        "Chapter 5: " + "x" * 100,
        "Dr. Livesey",
        "V for Vendetta",
        "THE END",
        "Book",
        "Chapters 1",
        "Introductions were made.",
        "C'est la vie",
    ],
)
def test_a_line_that_only_might_be_one_stays_text(line: str) -> None:
    assert find_title([line]) is None


def test_the_name_of_a_chapter_may_stand_on_the_next_line() -> None:
    assert find_title(["CHAPTER I.", "Down the Rabbit-Hole"]) == "CHAPTER I: Down the Rabbit-Hole"


@pytest.mark.parametrize(
    "lines",
    [
        ["CHAPTER I", "CHAPTER II"],
        ["CHAPTER I. Loomings", "CHAPTER II. The Bag"],
        ["Chapter 1", "It was a dark night and nobody came."],
        ["Chapter 1", "a", "b"],
    ],
)
def test_a_table_of_contents_or_running_text_is_no_heading(lines: list[str]) -> None:
    assert find_title(lines) is None
