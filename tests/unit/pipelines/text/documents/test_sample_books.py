"""Small books of every kind, whole: nothing lost, nothing read that is no text, titles and covers right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.pipeline import Limits
from pipelines.text.document import Block, Chapter
from pipelines.text.documents.registry import open_file

SAMPLES = Path(__file__).parents[4] / "fixtures" / "documents"


@dataclass(frozen=True)
class Book:
    """What a sample is read as. `lines`: chapters as "# Title", and texts, with "/" between lines of a block."""

    lines: Sequence[str]
    title: str = "Test Book"
    author: str | None = "Ann Author"
    language: str = "en"
    warnings: Sequence[str] = ()
    cover: str | None = None
    #: Text and what is said for it.
    spoken_forms: Sequence[tuple[str, str]] = ()
    #: Of passages in another language than the book's.
    languages: Sequence[str] = ()


BOOKS = {
    "closed_math": Book(["# One", "Before.", "After."]),
    "closed_style": Book(["# One", "Before.", "After."]),
    "closed_svg": Book(["# One", "Before.", "After."]),
    "closed_title": Book(["# One", "Before.", "After."]),
    "commas": Book(["# One", "One", "Dear Ann,", "I said:", "“No,”"]),
    "cover_by_guide": Book(["# One", "One", "Text."], cover="image/png"),
    "cover_by_path": Book(["# One", "One", "Text."], cover="image/png"),
    "cover_svg": Book(
        ["# One", "One", "Text."],
        warnings=["The book's cover could not be used: it is no JPEG, PNG, GIF or WebP picture."],
    ),
    "cover_webp": Book(["# One", "One", "Text."], cover="image/png"),
    "details": Book(
        ["# One", "In a form wrapper.", "A “quoted” Dr. struck Je ne sais quoi.", "end"],
        languages=["fr"],
    ),
    "drop_caps": Book(
        [
            "# Drop",
            "Drop",
            "Once upon a time.",
            "“The end,” he said.",
            "When the rain came, we ran.",
            "It was late.",
            "Another way to do it.",
        ],
    ),
    "epub2_extras": Book(
        ["# Chapter 1", "Chapter 1", "Text one.", "# Chapter 2", "Chapter 2", "Text two."],
        title="Main Title",
        language="en-GB",
        warnings=["Left out: pages outside of the reading order (1), pages with a table of contents (1)."],
    ),
    "epub3_meta": Book(["# One", "One", "Text."], title="Book Two: The Gate"),
    "eye": Book(
        [
            "# Eye",
            "For the eye",
            "See the picture here.",
            "Figure 1. The island.",
            "The area is pi r squared for a circle.",
            "for (int i=0; i<n; i++) {/sum += a[i];/}",
            "Year, Sales",
            "2019, $5",
            "2020",
        ],
    ),
    "fr_chapter": Book(
        ["# One", "One", "This is English.", "# Deux", "Deux", "Ceci est un chapitre en français."],
        languages=["fr"],
    ),
    "gutenberg_anchors": Book(
        [
            "# The Long Road",
            "The Long Road",
            "By Nobody.",
            "# CHAPTER I The Gate",
            "CHAPTER I/The Gate",
            "First text. It is short.",
            "# CHAPTER II The Wall",
            "CHAPTER II/The Wall",
            "Second text. It is short too.",
            "# CHAPTER III",
            "CHAPTER III",
            "Third text.",
            "# CHAPTER IV",
            "Fourth chapter begins in a paragraph.",
        ],
    ),
    "hidden": Book(
        ["# Hidden", "Hidden", "The wind rose and fell.", "She left.", "He stayed.", "One more."],
        warnings=["Left out: hidden passages (3), page numbers (4)."],
    ),
    "image_in_spine": Book(["# One", "One", "Text.", "Words in the picture"]),
    "kobo_script": Book(
        [
            f"{mark}{text} {number}{end}"
            for number in (1, 2, 3)
            for mark, text, end in [("# ", "Chapter", ""), ("", "Chapter", ""), ("", "Text", ".")]
        ],
    ),
    "lang_spans": Book(
        ["# 本", "本", "This document demonstrates one of the many possible ways."],
        title="本",
        author=None,
        language="ja",
        languages=["en"],
    ),
    "math": Book(["# One", "One", "A vector of size n is a list of n squared numbers."]),
    "nav_spans": Book(["# 1 The Start", "Chapter 1", "Text.", "# 2 The End", "Chapter 2", "Text."]),
    "nfd_names": Book(["# One", "One", "Text one."]),
    "no_nav_p_titles": Book(
        ["# Chapter One", "Chapter One", "Rain fell.", "# Chapter Two", "Chapter Two", "It stopped."]
    ),
    "poem": Book(
        [
            "# Poem",
            "Poem",
            "The sea is grey/The sky is low/The boats go out/The tide comes slow",
            "Red/Blue/Green",
            "Chapter 2/The Harbour",
            "Text.",
        ],
    ),
    "ruby": Book(
        ["# ルビ", "ルビ", "神聖文字を読む。武蔵です。", "喰い殺され"],
        title="本",
        author=None,
        language="ja",
        spoken_forms=[("神聖文字", "ヒエログリフ"), ("武蔵", "たけぞう"), ("喰", "く")],
    ),
    "script_all": Book(["# One", "One", "Text one."]),
    "script_head": Book(["# One", "One", "Text one.", "# Two", "Two", "Text two."]),
    "split_files": Book(
        [
            "# Part One",
            "PART ONE",
            "# Chapter 1",
            "Chapter 1",
            "Start of one. The sentence goes",
            "+on in another file. More of one.",
            "# Chapter 2",
            "Chapter 2",
            "Text of two.",
        ],
    ),
    "ssml_ph": Book(["# One", "She reads a bassist poem."], spoken_forms=[("bassist", "bəɪsɪst")]),
    "sup_notes": Book(
        [
            "# Notes",
            "Notes",
            "The ship sank in 1912 off the coast.",
            "The captain was calm, they said.",
            "He wrote it down. Then he slept.",
            "A million is 10⁶, and x² + y² = z².",
            "Water is H2O on the 1st of May.",
        ],
        warnings=["Left out: note references (4), notes (1)."],
    ),
    "titles": Book(
        [
            line
            for number, title in enumerate(
                ["Reese’s “Club”; a=b #1", "50% <off> \\ back/slash", "Ünïcödé — 日本 🙂", "It's", "X" * 300]
            )
            for line in (f"# {title}", title, f"Text {number}.")
        ],
        title='Q: "Why?" & it\'s; #1=one\\two',
        author="O’Neil, Jr.; Ann",
    ),
    "toc_same_place": Book(
        [
            "# Part One – Chapter 1: Dawn",
            "PART ONE",
            "Chapter 1: Dawn",
            "Text of one.",
            "# Chapter 2: Noon",
            "Chapter 2: Noon",
            "Text of two.",
        ],
    ),
}


def write(block: Block) -> str:
    if isinstance(block, Chapter):
        return f"# {block.title}"
    return "+" * getattr(block, "continues", False) + block.text.replace("\n", "/")


def test_every_sample_is_in_the_table() -> None:
    assert {path.stem for path in SAMPLES.glob("*.epub")} == BOOKS.keys()


@pytest.mark.parametrize("name", BOOKS)
def test_a_sample_is_read_in_full_and_without_what_is_no_text(name: str) -> None:
    document = open_file(SAMPLES / f"{name}.epub", "epub", Limits())
    blocks = list(document.blocks)
    spoken = [block for block in blocks if not isinstance(block, Chapter)]
    assert Book(
        [write(block) for block in blocks],
        document.title or "",
        document.author,
        document.language or "",
        document.warnings,
        document.cover.content_type if document.cover else None,
        [(block.text[form.start : form.end], form.value) for block in spoken for form in block.spoken_forms],
        sorted({style.language for block in spoken for _, style in getattr(block, "styles", ()) if style.language}),
    ) == Book(
        list(BOOKS[name].lines),
        BOOKS[name].title,
        BOOKS[name].author,
        BOOKS[name].language,
        list(BOOKS[name].warnings),
        BOOKS[name].cover,
        list(BOOKS[name].spoken_forms),
        list(BOOKS[name].languages),
    )
