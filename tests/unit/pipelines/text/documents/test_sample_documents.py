"""Small documents of every format but EPUB, whole: nothing lost, nothing read that is no text."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import UnreadableInput
from pipelines.pipeline import Limits
from pipelines.text.document import Chapter, Document
from pipelines.text.documents.reading import ReadingOptions
from pipelines.text.documents.registry import open_file, resolve_source_type

SAMPLES = Path(__file__).parents[4] / "fixtures" / "documents"


def read(name: str, options: ReadingOptions | None = None) -> tuple[list[str], Document]:
    """Chapters as "# Title", and texts, with "/" between lines; and the document."""
    document = open_file(SAMPLES / name, resolve_source_type(None, name), Limits(), options or ReadingOptions())
    lines = [
        f"# {block.title}" if isinstance(block, Chapter) else block.text.replace("\n", "/") for block in document.blocks
    ]
    return lines, document


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        (
            "list.txt",
            [
                "Colours",
                "Red/Blue/Green",
                "Roses are red/Violets are blue/Sugar is sweet/And so are you",
            ],
        ),
        (
            "hyphenated.txt",
            [
                "We can also transform any word that we consider negative, and even the old typesetting of this "
                "well-known book.",
                "It was one-sided.",
            ],
        ),
        (
            "gutenberg.txt",
            [
                "A SMALL BOOK",
                "by Ann Author",
                "# CHAPTER I. The Start",
                "CHAPTER I. The Start",
                "It was a very cold day, and the wind--from the north--blew hard.",
                "The sea is grey,/The sky is low,",
                '"Go!" he said.',
                "* * * * *",
                "# CHAPTER II. The End",
                "CHAPTER II. The End",
                "He went home.",
            ],
        ),
        ("toml.md", ["# One", "One", "Text."]),
        (
            "notes.md",
            [
                "# One",
                "One",
                "Some deleted text with a link and footnote. See https://example.org/a.",
                "open task/done task",
                "Name, Value",
                "a, 1",
                "for i in range(3): print(i)",
                "Inline x² and :smile:. H2O and x².",
                "Term",
                "Definition",
                "# Two",
                "Two",
                "marked text/next line.",
            ],
        ),
        (
            "german.docx",
            [
                "# Über die Brücke",
                "Über die Brücke",
                "Der alte Mann ging langsam über die Brücke und schaute in den Fluss.",
            ],
        ),
        ("hidden_text.docx", ["# Title", "Title", "Seen again."]),
        (
            "nested_table.docx",
            [
                "Before.",
                "Outer A",
                "Outer B",
                "Inner 1, Inner 2",
                "Outer B end",
                "Outer C",
                "Next row, x",
                "After.",
            ],
        ),
        ("notes.docx", ["Text goes on. moved here.", "cooperateα", "a b squared"]),
        ("sup.docx", ["In 1912 about 10⁶ people."]),
        ("toc_field.docx", ["# The Start", "The Start", "Text.", "# The End", "The End", "More."]),
    ],
)
def test_a_sample_is_read_as_its_author_means_it(name: str, lines: list[str]) -> None:
    assert read(name)[0] == lines


@pytest.mark.parametrize(
    ("name", "title", "author", "language"),
    [
        ("gutenberg.txt", "A Small Book", "Ann Author", "en"),
        ("toml.md", "Hugo", None, None),
        ("notes.md", "My: Notes", "Ann, Bob", None),
        ("german.docx", None, None, "de-DE"),
    ],
)
def test_a_sample_has_its_metadata(name: str, title: str | None, author: str | None, language: str | None) -> None:
    document = read(name)[1]
    assert (document.title, document.author, document.language) == (title, author, language)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cz_cp1250.txt", "Příliš žluťoučký kůň úpěl ďábelské ódy."),
        ("pl_cp1250.txt", "Żółw idzie powoli do źródła, a gęś śpi."),
        ("pl_iso2.txt", "Żółw idzie powoli do źródła, a gęś śpi."),
    ],
)
def test_texts_in_old_encodings_are_read(name: str, words: str) -> None:
    assert words in read(name)[0][0]


def test_a_mixed_text_is_refused_until_its_language_or_encoding_is_named() -> None:
    with pytest.raises(UnreadableInput, match="`encoding`"):
        read("gb_mixed.txt")
    assert "你好" in read("gb_mixed.txt", ReadingOptions(encoding="gb18030"))[0][0]
    assert "谢谢" in read("gb_mixed.txt", ReadingOptions(language="zh"))[0][0]
