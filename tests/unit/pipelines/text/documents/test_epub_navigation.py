"""Tables of contents of EPUB 2 and 3."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.pipeline import Limits
from pipelines.text.documents.archive import Archive
from pipelines.text.documents.epub_navigation import join_titles, read_chapter_titles
from pipelines.text.documents.epub_package import read_package
from tests.document_factories import epub_entries, make_zip

PAGES = {"one.xhtml": "<p>a</p>", "Two é.xhtml": "<p>b</p>"}
NCX_ITEM = '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'


def read(
    tmp_path: Path, nav: str | None, ncx: str = "", replaced: tuple[str, str] = ("", "")
) -> tuple[dict[str, dict[str, str]], list[str]]:
    entries = epub_entries(PAGES, nav=nav, manifest=NCX_ITEM)
    if ncx:
        entries["OEBPS/toc.ncx"] = ncx
    if nav is not None and replaced[0]:
        entries["OEBPS/nav.xhtml"] = str(entries["OEBPS/nav.xhtml"]).replace(*replaced)
    warnings: list[str] = []
    with Archive(make_zip(tmp_path / "book", entries), Limits()) as archive:
        titles = read_chapter_titles(archive, read_package(archive), warnings)
    return {name: dict(page) for name, page in titles.items()}, warnings


@pytest.mark.parametrize(
    ("link", "title"),
    [
        ("<span>1</span><span>The Start</span>", "1 The Start"),
        ("<span>Chapter</span><span>One</span>", "Chapter One"),
        ("<b>2</b> The <i>E</i>nd", "2 The End"),
        ("<b>T</b>he End", "The End"),
        ('<img src="x" alt="Chapter 3"/>', "Chapter 3"),
        ("<ruby>本<rp>(</rp><rt>ほん</rt><rp>)</rp></ruby>", "本"),
        ("A<!-- no -->\n  B", "A B"),
    ],
)
def test_a_title_is_the_text_of_its_link(tmp_path: Path, link: str, title: str) -> None:
    assert read(tmp_path, f'<li><a href="one.xhtml">{link}</a></li>') == ({"OEBPS/one.xhtml": {"": title}}, [])


def test_a_link_without_text_has_its_title_or_none(tmp_path: Path) -> None:
    nav = '<li><a href="one.xhtml" title="One"/></li><li><a href="one.xhtml#x"/></li><li><a>No</a></li>'
    assert read(tmp_path, nav)[0] == {"OEBPS/one.xhtml": {"": "One"}}


@pytest.mark.parametrize(
    "href", ["Two%20%C3%A9.xhtml", "two e\u0301.xhtml", "./Two é.xhtml", "../OEBPS/TWO%20É.XHTML", "Two é.xhtml?x=1"]
)
def test_a_page_is_found_however_its_name_is_written(tmp_path: Path, href: str) -> None:
    assert read(tmp_path, f'<li><a href="{href}#a%20b">Two</a></li>')[0] == {"OEBPS/Two é.xhtml": {"a b": "Two"}}


def test_entries_at_one_place_have_their_titles_joined(tmp_path: Path) -> None:
    nav = (
        '<li><a href="one.xhtml">Part One</a><ol><li><a href="one.xhtml">Chapter 1</a></li>'
        '<li><a href="one.xhtml#b">Chapter 2</a></li></ol></li>'
    )
    assert read(tmp_path, nav)[0] == {"OEBPS/one.xhtml": {"": "Part One – Chapter 1", "b": "Chapter 2"}}


@pytest.mark.parametrize(
    ("outer", "title", "joined"),
    [
        ("", "A", "A"),
        ("Part One", "Chapter 1", "Part One – Chapter 1"),
        ("Chapter 1", "Chapter 1", "Chapter 1"),
        ("Chapter 1", "Chapter 1: The Gate", "Chapter 1: The Gate"),
        ("Part One – Chapter 1", "Chapter 1", "Part One – Chapter 1"),
        ("Chapter 11", "1", "Chapter 11 – 1"),
    ],
)
def test_titles_are_not_said_twice(outer: str, title: str, joined: str) -> None:
    assert join_titles(outer, title) == joined


def test_the_contents_are_told_from_other_navigation(tmp_path: Path) -> None:
    landmarks = '<nav epub:type="landmarks"><ol><li><a href="one.xhtml">Start</a></li></ol></nav><nav epub:type="toc">'
    nav = '<li><a href="one.xhtml">One</a></li>'
    assert read(tmp_path, nav, replaced=('<nav epub:type="toc">', landmarks))[0] == {"OEBPS/one.xhtml": {"": "One"}}
    by_role = landmarks.replace('epub:type="toc"', 'role="doc-toc"')
    assert read(tmp_path, nav, replaced=('<nav epub:type="toc">', by_role))[0] == {"OEBPS/one.xhtml": {"": "One"}}


NCX = (
    '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><docTitle><text>no</text></docTitle><navMap>'
    '<navPoint><navLabel><text>Uno</text></navLabel><content src="one.xhtml#a"/></navPoint><navPoint/></navMap></ncx>'
)


def test_without_navigation_the_ncx_is_read(tmp_path: Path) -> None:
    expected = {"OEBPS/one.xhtml": {"a": "Uno"}}
    assert read(tmp_path, None, NCX) == (expected, [])
    assert read(tmp_path, "", NCX) == (expected, [])
    assert read(tmp_path, None) == ({}, [])


def test_what_cannot_be_read_is_a_warning(tmp_path: Path) -> None:
    assert read(tmp_path, None, "no xml") == ({}, ["The book's table of contents could not be read."])
