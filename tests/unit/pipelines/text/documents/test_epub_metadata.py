"""Titles, authors and languages of books."""

from __future__ import annotations

import pytest
from lxml import etree

from pipelines.text.documents.epub_metadata import EpubMetadata, read_language


def read(metadata: str) -> EpubMetadata:
    names = 'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:opf="http://www.idpf.org/2007/opf"'
    return EpubMetadata(etree.fromstring(f"<package {names}><metadata>{metadata}</metadata></package>"))


def refine(name: str, **properties: str) -> str:
    return "".join(
        f'<meta refines="#{name}" property="{key.replace("_", "-")}">{value}</meta>'
        for key, value in properties.items()
    )


@pytest.mark.parametrize(
    ("language", "expected"), [("en_US", "en-US"), ("English", "en"), ("UND", None), ("x y", None), ("de", "de")]
)
def test_a_language_is_a_tag_whatever_a_book_calls_it(language: str, expected: str | None) -> None:
    assert read_language(language) == expected


@pytest.mark.parametrize(
    ("metadata", "author"),
    [
        (
            '<dc:creator id="a">Second</dc:creator><dc:creator id="b">First</dc:creator>'
            + refine("a", display_seq="2")
            + refine("b", display_seq="1"),
            "First, Second",
        ),
        (
            '<dc:creator id="a">Third</dc:creator><dc:creator id="b">First</dc:creator>' + refine("b", display_seq="1"),
            "First, Third",
        ),
        (
            '<dc:creator id="a">A</dc:creator><dc:creator id="t">T</dc:creator>'
            + refine("a", role="marc:aut")
            + refine("t", role="marc:trl"),
            "A",
        ),
        (
            '<dc:creator id="a">A</dc:creator><dc:creator id="t">T</dc:creator>'
            + refine("a", role="http://id.loc.gov/vocabulary/relators/aut")
            + refine("t", role="http://id.loc.gov/vocabulary/relators/trl"),
            "A",
        ),
        (
            '<dc:creator id="a">A</dc:creator><dc:creator id="t">T</dc:creator>'
            + refine("a", role="ill")
            + refine("a", role="aut")
            + refine("t", role="ill"),
            "A",
        ),
        ('<dc:creator opf:role="Author">A</dc:creator><dc:creator opf:role="Translator">T</dc:creator>', "A"),
        (
            '<dc:contributor opf:role="bkp">calibre</dc:contributor><dc:contributor opf:role="aut">A</dc:contributor>',
            "A",
        ),
        ("<dc:creator>Tom &amp;amp; Ann</dc:creator>", "Tom & Ann"),
    ],
)
def test_the_authors_are_found_in_their_order_by_whatever_names_their_roles(metadata: str, author: str) -> None:
    assert read(metadata).author == author


@pytest.mark.parametrize(
    ("metadata", "title"),
    [
        (
            '<dc:title id="a">Two</dc:title><dc:title id="b">One</dc:title>'
            + refine("a", display_seq="2")
            + refine("b", display_seq="1"),
            "One",
        ),
        ('<dc:title id="a">Series</dc:title><dc:title>Book</dc:title>' + refine("a", title_type="collection"), "Book"),
        (
            '<dc:title id="a">Sub</dc:title><dc:title id="b">Book</dc:title>'
            + refine("a", display_seq="1")
            + refine("b", title_type="main", display_seq="2"),
            "Book",
        ),
        ("<dc:title>Salt &amp;amp; Pepper</dc:title>", "Salt & Pepper"),
        ("<dc:title> </dc:title>", None),
    ],
)
def test_the_title_is_the_main_one_or_the_first_in_the_order_for_display(metadata: str, title: str | None) -> None:
    assert read(metadata).title == title
