"""Reads EPUB 2 and 3: order of the pages from the spine, chapters from the navigation, metadata from the package.

Damaged books are read as far as possible: a missing page, navigation or cover is skipped with a warning.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from pipelines.errors import UnreadableInput
from pipelines.pipeline import Limits
from pipelines.text.document import Block, Chapter, Cover, Document, Heading, clean_text

from .archive import Archive
from .encoding import decode_blocks
from .html_blocks import parse_html
from .html_reader import find_declared_encoding
from .safe_xml import local_name, parse_xml

_PACKAGE_BYTES = 16 << 20
_COVER_BYTES = 16 << 20
_COVER_TYPES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


@dataclass(slots=True)
class _Item:
    """A file of the book, as the manifest lists it."""

    name: str
    media_type: str
    properties: tuple[str, ...]


@dataclass(slots=True)
class _Package:
    """The content of the OPF file."""

    folder: str
    items: dict[str, _Item]
    spine: list[str]
    toc_id: str | None
    metadata: dict[str, str]
    cover_id: str | None
    warnings: list[str] = field(default_factory=list)


def read_file(path: Path, limits: Limits) -> Document:
    """An EPUB file as a document; the archive is closed behind the last block. Raises `BadInput` and its subclasses."""
    archive = Archive(path, limits)
    try:
        package = _read_package(archive)
        _refuse_encrypted(archive, package)
        titles = _read_chapter_titles(archive, package)
        cover = _read_cover(archive, package)
    except BaseException:
        archive.close()
        raise
    return Document(
        blocks=_blocks(archive, package, titles),
        title=package.metadata.get("title"),
        author=package.metadata.get("creator"),
        language=package.metadata.get("language"),
        cover=cover,
        warnings=package.warnings,
    )


def _read_package(archive: Archive) -> _Package:
    name = _find_package(archive)
    root = parse_xml(archive.read(name, _PACKAGE_BYTES), "The book's package file")
    folder = posixpath.dirname(name)
    package = _Package(folder, {}, [], None, {}, None)
    for element in root.iter():
        tag = local_name(element)
        if tag == "item" and element.get("id") and element.get("href"):
            properties = tuple((element.get("properties") or "").split())
            item = _Item(_resolve(folder, element.get("href")), element.get("media-type") or "", properties)
            package.items[element.get("id")] = item
        elif tag == "spine":
            package.toc_id = element.get("toc")
        elif tag == "itemref" and element.get("idref"):
            package.spine.append(element.get("idref"))
        elif tag == "meta" and element.get("name") == "cover":
            package.cover_id = element.get("content")
        elif tag in ("title", "creator", "language"):
            text = clean_text("".join(element.itertext()))
            if text and (tag == "creator" or tag not in package.metadata):
                package.metadata[tag] = f"{package.metadata[tag]}, {text}" if tag in package.metadata else text
    if not package.spine:
        raise UnreadableInput("The book names no pages to read (its spine is empty).", field="file")
    return package


def _find_package(archive: Archive) -> str:
    if "META-INF/container.xml" in archive:
        root = parse_xml(archive.read("META-INF/container.xml", _PACKAGE_BYTES), "The book's container file")
        for element in root.iter():
            if local_name(element) == "rootfile" and element.get("full-path"):
                name = _resolve("", element.get("full-path"))
                if name in archive:
                    return name
    for name in archive.names():
        if name.lower().endswith(".opf"):
            return name
    raise UnreadableInput("This is not an EPUB: it holds no package file (.opf).", field="file")


def _refuse_encrypted(archive: Archive, package: _Package) -> None:
    """Raises `UnreadableInput` for encrypted pages, which are copy protection. Obfuscated fonts are harmless."""
    if "META-INF/encryption.xml" not in archive:
        return
    root = parse_xml(archive.read("META-INF/encryption.xml", _PACKAGE_BYTES), "The book's encryption file")
    encrypted = {_resolve("", e.get("URI")) for e in root.iter() if local_name(e) == "CipherReference" and e.get("URI")}
    if any(package.items[idref].name in encrypted for idref in package.spine if idref in package.items):
        raise UnreadableInput("The book is copy-protected (DRM); only unprotected books can be read.", field="file")


def _read_chapter_titles(archive: Archive, package: _Package) -> dict[str, dict[str, str]]:
    """Page name → fragment ("" for the top of the page) → title, from the navigation of EPUB 3 or else of EPUB 2."""
    titles: dict[str, dict[str, str]] = {}
    for read in (_read_navigation, _read_ncx):
        try:
            for name, fragment, title in read(archive, package):
                titles.setdefault(name, {}).setdefault(fragment, title)
        except (UnreadableInput, KeyError):
            package.warnings.append("The book's table of contents could not be read.")
        if titles:
            break
    return titles


def _read_navigation(archive: Archive, package: _Package) -> Iterator[tuple[str, str, str]]:
    for item in package.items.values():
        if "nav" in item.properties and item.name in archive:
            root = parse_xml(archive.read(item.name, _PACKAGE_BYTES), "The book's navigation")
            navs = [element for element in root.iter() if local_name(element) == "nav"]
            toc = [
                nav for nav in navs if any("toc" in value.split() for key, value in nav.items() if key.endswith("type"))
            ]
            for nav in (toc or navs)[:1]:
                for link in nav.iter():
                    if local_name(link) == "a" and link.get("href"):
                        yield from _resolve_target(
                            posixpath.dirname(item.name), link.get("href"), "".join(link.itertext())
                        )


def _read_ncx(archive: Archive, package: _Package) -> Iterator[tuple[str, str, str]]:
    item = package.items.get(package.toc_id or "") or next(
        (item for item in package.items.values() if item.media_type == "application/x-dtbncx+xml"), None
    )
    if item is None or item.name not in archive:
        return
    root = parse_xml(archive.read(item.name, _PACKAGE_BYTES), "The book's table of contents")
    for point in root.iter():
        if local_name(point) != "navPoint":
            continue
        label = next((child for child in point if local_name(child) == "navLabel"), None)
        content = next((child for child in point if local_name(child) == "content"), None)
        if label is not None and content is not None and content.get("src"):
            yield from _resolve_target(posixpath.dirname(item.name), content.get("src"), "".join(label.itertext()))


def _resolve_target(folder: str, href: str, label: str) -> Iterator[tuple[str, str, str]]:
    name, _, fragment = href.partition("#")
    title = clean_text(label)
    if name and title:
        yield _resolve(folder, name), unquote(fragment), title


def _read_cover(archive: Archive, package: _Package) -> Cover | None:
    item = next((item for item in package.items.values() if "cover-image" in item.properties), None)
    item = item or package.items.get(package.cover_id or "")
    if item is None or item.name not in archive:
        return None
    try:
        data = archive.read(item.name, _COVER_BYTES)
    except UnreadableInput:
        return None
    for magic, content_type in _COVER_TYPES.items():
        if data.startswith(magic):
            return Cover(content_type, data)
    return None


def _blocks(archive: Archive, package: _Package, titles: dict[str, dict[str, str]]) -> Iterator[Block]:
    with archive:
        for idref in dict.fromkeys(package.spine):
            item = package.items.get(idref)
            if item is None or item.name not in archive:
                package.warnings.append(f"A page of the book is missing: {(item.name if item else idref)[:100]}.")
                continue
            if "nav" in item.properties:
                continue  # the table of contents is not spoken
            yield from _read_page(archive, item, titles)


def _read_page(archive: Archive, item: _Item, titles: dict[str, dict[str, str]]) -> Iterator[Block]:
    anchors = titles.get(item.name, {})
    if "" in anchors:
        yield Chapter(anchors[""])
    blocks = parse_html(
        _read_text(archive, item.name), anchors={name: title for name, title in anchors.items() if name}
    )
    if titles:
        yield from blocks
        return
    # In a book without navigation, a page that begins with a heading begins a chapter.
    for number, block in enumerate(blocks):
        if number == 0 and isinstance(block, Heading):
            yield Chapter(block.text)
        yield block


def _read_text(archive: Archive, name: str) -> Iterator[str]:
    blocks = archive.blocks(name)
    first = next(blocks, b"")
    marked = (
        "utf-16" if first[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig" if first[:3] == b"\xef\xbb\xbf" else None
    )
    codec = marked or find_declared_encoding(first) or "utf-8"

    def all_blocks() -> Iterator[bytes]:
        yield first
        yield from blocks

    return decode_blocks(all_blocks(), codec, "replace")


def _resolve(folder: str, href: str) -> str:
    """The archive entry that a reference of the book points to."""
    return posixpath.normpath(posixpath.join(folder, unquote(href.partition("#")[0]))).lstrip("/")
