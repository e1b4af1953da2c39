"""The heads of pages."""

from __future__ import annotations

import pytest

from pipelines.text.documents.html_blocks import parse_html
from pipelines.text.documents.html_page import Page, PageMetadata
from pipelines.text.documents.reading import Reading
from pipelines.text.pronunciation.lexicon import Lexicon


def test_title_author_and_language_are_read_and_those_of_pictures_are_not() -> None:
    metadata = PageMetadata()
    page = (
        '<html xml:lang="de"><head><meta name="Author" content="Me"><meta name="author" content=""></head><body>'
        "<svg><title>no</title></svg></body></html>"
    )
    assert list(parse_html([page], metadata)) == []
    assert (metadata.title, metadata.author, metadata.language) == (None, "Me", "de")
    for _ in parse_html(["<title>A ", "B</title><title>C</title><p>D"], metadata):
        pass
    assert metadata.title == "A B"


def test_a_title_without_end_is_limited() -> None:
    metadata = PageMetadata()
    for _ in parse_html(["<title>" + "word &amp; " * 100_000], metadata):
        pass
    assert len(metadata.title or "") < 40_000


@pytest.mark.parametrize(
    ("link", "asked_for"),
    [
        ('rel="pronunciation" href="a.pls"', ["text/a.pls"]),
        ('rel="pronunciation" hreflang="en-US" href="a.pls"', ["text/a.pls"]),
        ('rel="pronunciation" hreflang="no tag" href="a.pls"', ["text/a.pls"]),
        ('rel="pronunciation" hreflang="fr" href="a.pls"', []),
        ('rel="pronunciation" href="https://example.org/a.pls"', []),
        ('rel="pronunciation"', []),
        ('rel="StyleSheet" href="../a.css"', ["a.css"]),
        ('rel="alternate stylesheet" href="a.css"', []),
        ('rel="stylesheet" media="print" href="a.css"', []),
        ('rel="icon" href="a.css"', []),
    ],
)
def test_files_of_the_document_are_asked_for_by_name(link: str, asked_for: list[str]) -> None:
    found: list[str] = []

    def open_lexicon(name: str) -> Lexicon:
        found.append(name)
        return Lexicon({})

    def open_style_sheet(name: str) -> str:
        found.append(name)
        return ""

    page = Page("text/p.xhtml", open_lexicon=open_lexicon, open_style_sheet=open_style_sheet)
    for _ in parse_html([f"<link {link}><p>x"], page=page, reading=Reading(language="en")):
        pass
    assert found == asked_for
