"""The package files of EPUB 2 and 3."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import UnreadableInput
from pipelines.pipeline import Limits
from pipelines.text.documents.archive import Archive
from pipelines.text.documents.epub_package import BookFile, Package, SpinePage, read_package
from tests.document_factories import CONTAINER, epub_entries, make_zip

SPINE = '<spine toc="ncx"><itemref idref="a"/><itemref idref="b" linear="no"/></spine>'
MANIFEST = '<manifest><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest>'


def package(tmp_path: Path, metadata: str = "", *, manifest: str = MANIFEST, rest: str = "") -> Package:
    data = (
        '<package xmlns="http://www.idpf.org/2007/opf" xmlns:opf="http://www.idpf.org/2007/opf" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>{metadata}</metadata>{manifest}{SPINE}{rest}</package>'
    )
    entries = {"META-INF/container.xml": CONTAINER, "OEBPS/book.opf": data, "OEBPS/Text/A b.xhtml": ""}
    with Archive(make_zip(tmp_path / "book", entries), Limits()) as archive:
        return read_package(archive)


def test_files_pages_and_guide_are_listed_under_names_of_the_archive(tmp_path: Path) -> None:
    found = package(
        tmp_path,
        manifest=(
            '<manifest><item id="a" href="text/a%20B.xhtml" media-type="Application/XHTML+xml; charset=utf-8" '
            'properties="nav scripted" fallback="x"/><item id="no"/></manifest>'
        ),
        rest='<guide><reference type="TOC" href="toc.xhtml#x"/><reference type="cover" href="c.xhtml"/></guide>',
    )
    assert found.items == {
        "a": BookFile("OEBPS/Text/A b.xhtml", "application/xhtml+xml", ("nav", "scripted"), "x"),
    }
    assert found.spine == [SpinePage("a"), SpinePage("b", is_linear=False)]
    assert (found.toc_id, found.is_toc_within_page) == ("ncx", True)
    assert found.guide == {"toc": "OEBPS/toc.xhtml", "cover": "OEBPS/c.xhtml"}


@pytest.mark.parametrize(
    ("metadata", "title"),
    [
        ("<dc:title> A\n Title </dc:title>", "A Title"),
        ("", None),
        ("<dc:title/><dc:title>B</dc:title>", "B"),
        (
            '<dc:title id="s">Series</dc:title><dc:title id="t">Book Two</dc:title>'
            '<meta refines="#s" property="title-type">collection</meta>'
            '<meta refines="#t" property="title-type">main</meta>',
            "Book Two",
        ),
        (
            '<dc:title id="s">Short</dc:title><dc:title>Long</dc:title>'
            '<meta refines="#s" property="title-type">short</meta>',
            "Long",
        ),
    ],
)
def test_the_main_title_is_the_title(tmp_path: Path, metadata: str, title: str | None) -> None:
    assert package(tmp_path, metadata).title == title


@pytest.mark.parametrize(
    ("metadata", "author"),
    [
        ("<dc:creator>A</dc:creator><dc:creator>B</dc:creator><dc:creator>A</dc:creator>", "A, B"),
        ('<dc:creator opf:role="aut">A</dc:creator><dc:creator opf:role="trl">T</dc:creator>', "A"),
        ('<dc:creator opf:role="nrt">N</dc:creator><dc:creator>A</dc:creator>', "A"),
        (
            '<dc:creator id="a">A</dc:creator><dc:creator id="t">T</dc:creator>'
            '<meta refines="#a" property="role" scheme="marc:relators">aut</meta>'
            '<meta refines="#t" property="role" scheme="marc:relators">trl</meta>',
            "A",
        ),
        ('<dc:creator opf:role="edt">E</dc:creator>', "E"),
        ("<dc:contributor>C</dc:contributor>", None),
    ],
)
def test_translators_and_narrators_are_no_authors(tmp_path: Path, metadata: str, author: str | None) -> None:
    assert package(tmp_path, metadata).author == author


def test_the_first_language_is_that_of_the_book(tmp_path: Path) -> None:
    assert package(tmp_path, "<dc:language>en-GB</dc:language><dc:language>fr</dc:language>").language == "en-GB"


def test_an_archive_without_a_package_is_no_book(tmp_path: Path) -> None:
    with (
        Archive(make_zip(tmp_path / "x", {"a.txt": ""}), Limits()) as archive,
        pytest.raises(UnreadableInput, match="no package file"),
    ):
        read_package(archive)


def test_names_of_elements_in_capitals_and_unknown_authors(tmp_path: Path) -> None:
    metadata = "<dc:Title>Tom & Jerry, caf&eacute;</dc:Title><dc:Creator>Unknown</dc:Creator>"
    found = package(tmp_path, metadata)
    assert (found.title, found.author) == ("Tom & Jerry, café", None)


@pytest.mark.parametrize(
    "other",
    [
        '<rootfile full-path="book.pdf" media-type="application/pdf"/>',
        '<rootfile full-path="none.opf" media-type="application/oebps-package+xml"/>',
        '<rootfile full-path="fixed.opf" media-type="application/oebps-package+xml" rendition:layout="pre-paginated"/>',
    ],
)
def test_of_several_packages_the_one_with_text_is_read(tmp_path: Path, other: str) -> None:
    entries = epub_entries({"one.xhtml": "<p>x</p>"})
    container = str(entries["META-INF/container.xml"]).replace("<rootfiles>", f"<rootfiles>{other}")
    files = {**entries, "META-INF/container.xml": container, "book.pdf": "%PDF", "fixed.opf": "<package/>"}
    with Archive(make_zip(tmp_path / "b", files), Limits()) as archive:
        assert read_package(archive).name == "OEBPS/book.opf"


def test_a_container_file_that_is_no_xml_makes_no_difference(tmp_path: Path) -> None:
    files = {**epub_entries({"one.xhtml": "<p>x</p>"}), "META-INF/container.xml": "garbage"}
    with Archive(make_zip(tmp_path / "b", files), Limits()) as archive:
        assert read_package(archive).name == "OEBPS/book.opf"
