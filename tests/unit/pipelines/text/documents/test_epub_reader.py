"""Reading EPUB 2 and 3, whole and damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import BadInput, UnreadableInput
from pipelines.pipeline import Limits
from pipelines.text.document import Block, Chapter, Cover, Document, Heading, Paragraph
from pipelines.text.documents.epub_reader import read_file
from tests.document_factories import CONTAINER, epub_entries, make_epub, make_png, make_zip

PAGES = {"one.xhtml": "<h1>One</h1><p>First page.</p>", "two.xhtml": "<h1>Two</h1><p>Second page.</p>"}
NAV = '<li><a href="one.xhtml">Chapter One</a></li><li><a href="two.xhtml">Chapter Two</a></li>'
COVER_ITEM = '<item id="c" href="img/cover%20one.png" media-type="image/png" properties="cover-image"/>'
NCX = (
    '<?xml version="1.0"?><!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" "http://www.daisy.org/z3986/2005/ncx.dtd">'
    '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>'
    "<navPoint><navLabel><text>Uno</text></navLabel><content src='one.xhtml'/>"
    "<navPoint><navLabel><text>Uno b</text></navLabel><content src='one.xhtml#b'/></navPoint></navPoint>"
    "<navPoint><navLabel><text>Dos</text></navLabel><content src='two.xhtml'/></navPoint></navMap></ncx>"
)


def read(path: Path) -> Document:
    return read_file(path, Limits())


def titles(blocks: list[Block]) -> list[str]:
    return [block.title for block in blocks if isinstance(block, Chapter)]


def test_a_book_is_read_in_the_order_of_its_spine_with_the_titles_of_its_navigation(tmp_path: Path) -> None:
    spine = '<itemref idref="p1"/><itemref idref="p0"/>'
    document = read(make_epub(tmp_path / "b", PAGES, nav=NAV, spine=spine))
    assert (document.title, document.author, document.language) == ("A Böok", "A. Uthor", "en")
    assert list(document.blocks) == [
        Chapter("Chapter Two"),
        Heading("Two", 1),
        Paragraph("Second page."),
        Chapter("Chapter One"),
        Heading("One", 1),
        Paragraph("First page."),
    ]


def test_an_epub_2_has_its_titles_in_the_ncx_and_may_name_places_within_a_page(tmp_path: Path) -> None:
    pages = {**PAGES, "one.xhtml": '<h1>One</h1><p>a</p><h2 id="b">B</h2><p>c</p>'}
    entries = epub_entries(pages, manifest='<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>')
    document = read(make_zip(tmp_path / "b", {**entries, "OEBPS/toc.ncx": NCX}))
    assert titles(list(document.blocks)) == ["Uno", "Uno b", "Dos"]


def test_names_with_spaces_and_folders_are_found(tmp_path: Path) -> None:
    entries = epub_entries({}, nav='<li><a href="text/ch%20%C3%A4.xhtml#top">Ä</a></li>', spine='<itemref idref="x"/>')
    entries["OEBPS/book.opf"] = str(entries["OEBPS/book.opf"]).replace(
        "</manifest>", '<item id="x" href="text/../text/ch%20%C3%A4.xhtml"/></manifest>'
    )
    book = make_zip(tmp_path / "b", {**entries, "OEBPS/text/ch ä.xhtml": '<p id="top">Hello.</p>'})
    assert list(read(book).blocks) == [Chapter("Ä"), Paragraph("Hello.")]


@pytest.mark.parametrize(
    ("manifest", "metadata"),
    [(COVER_ITEM, ""), (COVER_ITEM.replace(' properties="cover-image"', ""), '<meta name="cover" content="c"/>')],
)
def test_the_cover_is_found_in_both_ways_of_naming_it(tmp_path: Path, manifest: str, metadata: str) -> None:
    entries = epub_entries(PAGES, nav=NAV, manifest=manifest, metadata=metadata)
    document = read(make_zip(tmp_path / "b", {**entries, "OEBPS/img/cover one.png": make_png()}))
    assert document.cover == Cover("image/png", make_png())


def test_a_missing_page_is_skipped_with_a_warning(tmp_path: Path) -> None:
    entries = epub_entries(PAGES, nav=NAV)
    del entries["OEBPS/one.xhtml"]
    document = read(make_zip(tmp_path / "b", entries))
    assert titles(list(document.blocks)) == ["Chapter Two"]
    assert document.warnings == ["A page of the book is missing: OEBPS/one.xhtml."]


def test_a_missing_cover_or_navigation_is_skipped(tmp_path: Path) -> None:
    entries = epub_entries(PAGES, nav=NAV, manifest=COVER_ITEM)
    del entries["OEBPS/nav.xhtml"]
    document = read(make_zip(tmp_path / "b", entries))
    assert document.cover is None
    assert titles(list(document.blocks)) == ["One", "Two"]


def test_a_picture_that_is_none_is_no_cover(tmp_path: Path) -> None:
    entries = epub_entries(PAGES, manifest=COVER_ITEM)
    assert read(make_zip(tmp_path / "b", {**entries, "OEBPS/img/cover one.png": b"GIF89a"})).cover is None


def test_a_damaged_package_file_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    entries = epub_entries(PAGES)
    entries["OEBPS/book.opf"] = str(entries["OEBPS/book.opf"]).replace("</spine>", "</spine><broken & ")
    assert titles(list(read(make_zip(tmp_path / "b", entries)).blocks)) == ["One", "Two"]


def test_a_book_without_a_container_is_found_by_its_package_file(tmp_path: Path) -> None:
    entries = epub_entries(PAGES)
    del entries["META-INF/container.xml"]
    assert titles(list(read(make_zip(tmp_path / "b", entries)).blocks)) == ["One", "Two"]


def test_several_authors_are_named_together(tmp_path: Path) -> None:
    metadata = "<dc:title>T</dc:title><dc:title>subtitle</dc:title><dc:creator>A</dc:creator><dc:creator>B</dc:creator>"
    document = read(make_epub(tmp_path / "b", PAGES, metadata=metadata))
    assert (document.title, document.author) == ("T", "A, B")


def test_encrypted_pages_are_refused_and_obfuscated_fonts_are_not(tmp_path: Path) -> None:
    def locked(name: str) -> Path:
        encryption = (
            '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><EncryptedData><CipherData>'
            f'<CipherReference URI="{name}"/></CipherData></EncryptedData></encryption>'
        )
        return make_zip(tmp_path / "b", {**epub_entries(PAGES), "META-INF/encryption.xml": encryption})

    assert len(list(read(locked("OEBPS/font.otf")).blocks)) == 6
    with pytest.raises(UnreadableInput, match="DRM"):
        read(locked("OEBPS/one.xhtml"))


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ({"a.txt": "x"}, "no package file"),
        ({"META-INF/container.xml": CONTAINER, "OEBPS/book.opf": "<package/>"}, "spine is empty"),
        ({"META-INF/container.xml": CONTAINER, "OEBPS/book.opf": ""}, "not XML"),
    ],
)
def test_what_is_no_book_is_refused(tmp_path: Path, entries: dict[str, str | bytes], says: str) -> None:
    with pytest.raises(UnreadableInput, match=says):
        read(make_zip(tmp_path / "b", entries))


ENTITY = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize("place", ["META-INF/container.xml", "OEBPS/book.opf", "OEBPS/one.xhtml"])
def test_entities_are_refused_wherever_they_are_declared(tmp_path: Path, place: str) -> None:
    entries = epub_entries(PAGES)
    entries[place] = str(entries[place]).replace("?>", f"?>{ENTITY}", 1)
    with pytest.raises(BadInput, match="entities"):
        list(read(make_zip(tmp_path / "b", entries)).blocks)
