"""The demo's book: the committed file is what the script builds, and a valid EPUB."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

lxml = pytest.importorskip("lxml.etree")
DEMO = Path(__file__).resolve().parents[3] / "demo"
XHTML = "{http://www.w3.org/1999/xhtml}"


@pytest.fixture
def build_book(monkeypatch):
    """demo/build_book.py as a module."""
    pytest.importorskip("markdown_it")
    monkeypatch.syspath_prepend(str(DEMO))
    return import_module("build_book")


@pytest.fixture
def archive():
    with zipfile.ZipFile(DEMO / "book.epub") as opened:
        yield opened


def pixels(png: bytes) -> np.ndarray:
    """The pixels of a PNG by `build_cover.encode_png` (RGB, every row stored as its difference to the row above)."""
    width, height = struct.unpack(">II", png[16:24])
    body, at = b"", 8
    while at < len(png):
        (length,), kind = struct.unpack(">I", png[at : at + 4]), png[at + 4 : at + 8]
        body += png[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += length + 12
    rows = np.frombuffer(zlib.decompress(body), np.uint8).reshape(height, 1 + width * 3)
    return np.cumsum(rows[:, 1:], axis=0, dtype=np.uint8).astype(int)


def test_committed_book_is_what_the_script_builds(build_book, archive):
    built = build_book.build_files()
    assert archive.namelist() == list(built)
    cover = "EPUB/cover.png"
    assert [name for name in built if name != cover and archive.read(name) != built[name]] == []
    # Sines differ in the last bit between processors, and so may a pixel by one.
    assert np.abs(pixels(archive.read(cover)) - pixels(built[cover])).max() <= 1


def test_building_twice_gives_the_same_bytes(build_book, tmp_path):
    for name in ("one.epub", "two.epub"):
        build_book.write_epub(tmp_path / name)
    assert (tmp_path / "one.epub").read_bytes() == (tmp_path / "two.epub").read_bytes()


def test_mimetype_is_first_and_stored(archive):
    first = archive.infolist()[0]
    assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
    assert archive.read("mimetype") == b"application/epub+zip"


def test_every_xml_file_is_well_formed(archive):
    xml = [name for name in archive.namelist() if name.endswith((".xhtml", ".opf", ".ncx", ".xml"))]
    assert len(xml) >= 10
    for name in xml:
        lxml.parse(io.BytesIO(archive.read(name)))


def test_manifest_lists_exactly_the_files_of_the_archive(archive):
    package = archive.read("EPUB/package.opf").decode()
    listed = {f"EPUB/{href}" for href in re.findall(r'<item [^>]*href="([^"]+)"', package)}
    assert listed | {"mimetype", "META-INF/container.xml", "EPUB/package.opf"} == set(archive.namelist())


def test_contents_name_every_chapter_in_reading_order(archive):
    package = archive.read("EPUB/package.opf").decode()
    spine = re.findall(r'<itemref idref="([^"]+)"/>', package)
    navigation = lxml.fromstring(archive.read("EPUB/nav.xhtml"))
    links = [link.get("href").removesuffix(".xhtml") for link in navigation.iter(f"{XHTML}a")]
    points = re.findall(r'<content src="([^"]+)\.xhtml"/>', archive.read("EPUB/toc.ncx").decode())
    assert spine == links == points
    assert len(spine) == 6  # a dedication and five chapters


def test_heading_of_a_page_is_its_name_in_the_contents(archive):
    navigation = lxml.fromstring(archive.read("EPUB/nav.xhtml"))
    for link in navigation.iter(f"{XHTML}a"):
        page = lxml.fromstring(archive.read(f"EPUB/{link.get('href')}"))
        assert page.find(f".//{XHTML}h1").text == link.text


def test_text_has_abbreviations_numbers_and_units():
    text = "".join(path.read_text(encoding="utf-8") for path in sorted((DEMO / "book").glob("*.md")))
    assert len(text.split()) >= 2500
    for thing in ("Dr. ", "Mrs. ", "No. 9", "6:40 a.m.", "7:15", "$4,318.50", "99.4%", "Feb. 2", "12,960", "°F", "½"):
        assert thing in text
