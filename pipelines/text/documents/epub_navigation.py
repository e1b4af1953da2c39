"""Reads the table of contents of an EPUB: the navigation document of EPUB 3, else the NCX of EPUB 2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from pipelines.errors import UnreadableInput
from pipelines.text.document import clean_text

from .archive import Archive
from .chapter_titles import words_meet
from .epub_package import PACKAGE_BYTES, Package
from .references import resolve_reference
from .safe_xml import local_name, parse_xml

#: Between the titles of entries that lead to one place.
_NESTED = " – "
NCX_TYPE = "application/x-dtbncx+xml"

#: Page → fragment ("" for the top of the page) → title.
ChapterTitles = Mapping[str, Mapping[str, str]]


def read_chapter_titles(archive: Archive, package: Package, warnings: list[str]) -> ChapterTitles:
    """The titles of chapters by the places where they begin; entries at one place have their titles joined."""
    titles: dict[str, dict[str, str]] = {}
    for read in (_read_navigation, _read_ncx):
        try:
            for name, fragment, title in read(archive, package):
                page = titles.setdefault(name, {})
                page[fragment] = join_titles(page.get(fragment, ""), title)
        except (UnreadableInput, KeyError):
            warnings.append("The book's table of contents could not be read.")
        if titles:
            break
    return titles


def join_titles(outer: str, title: str) -> str:
    """The title of a chapter that begins where another one does: "Part One – Chapter 1"."""
    if not outer or outer in title:
        return title
    return outer if title in outer.split(_NESTED) else f"{outer}{_NESTED}{title}"


def _read_navigation(archive: Archive, package: Package) -> Iterator[tuple[str, str, str]]:
    for item in package.items.values():
        if "nav" not in item.properties or item.name not in archive:
            continue
        root = parse_xml(archive.read(item.name, PACKAGE_BYTES), "The book's navigation")
        navs = [element for element in root.iter() if local_name(element) == "nav"]
        toc = [nav for nav in navs if any(_is_toc(key, value) for key, value in nav.items())]
        for nav in (toc or navs)[:1]:
            for link in nav.iter():
                if local_name(link) == "a" and link.get("href"):
                    yield from _resolve(archive, item.name, link.get("href"), _read_label(link))


def _is_toc(attribute: str, value: str) -> bool:
    return (attribute.endswith("type") and "toc" in value.split()) or (
        attribute == "role" and "doc-toc" in value.split()
    )


def _read_ncx(archive: Archive, package: Package) -> Iterator[tuple[str, str, str]]:
    item = package.items.get(package.toc_id or "") or next(
        (item for item in package.items.values() if item.media_type == NCX_TYPE or item.name.lower().endswith(".ncx")),
        None,
    )
    if item is None or item.name not in archive:
        return
    root = parse_xml(archive.read(item.name, PACKAGE_BYTES), "The book's table of contents")
    for point in root.iter():
        if local_name(point) != "navPoint":
            continue
        label = next((child for child in point if local_name(child) == "navLabel"), None)
        content = next((child for child in point if local_name(child) == "content"), None)
        if label is not None and content is not None and content.get("src"):
            yield from _resolve(archive, item.name, content.get("src"), _read_label(label))


def _read_label(element: Any) -> str:
    """The text of an element; where two elements meet without a space between a number and a word, there is one."""
    label = ""
    for text in _label_texts(element):
        if label and text and words_meet(label[-1], text[0], at_capitals=True):
            label += " "
        label += text
    return clean_text(label) or clean_text(element.get("title") or element.get("aria-label") or "")


def _label_texts(element: Any) -> Iterator[str]:
    """The texts of an element and of the pictures in it."""
    if local_name(element) == "img":
        yield element.get("alt") or ""
    if local_name(element) not in ("", "rt", "rp"):
        yield element.text or ""
        for child in element:
            yield from _label_texts(child)
            yield child.tail or ""


def _resolve(archive: Archive, page: str, href: str, title: str) -> Iterator[tuple[str, str, str]]:
    name, _, fragment = href.partition("#")
    if title:
        yield archive.find_name(resolve_reference(page, name)) if name else page, unquote(fragment), title
