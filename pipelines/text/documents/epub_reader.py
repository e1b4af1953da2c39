"""EPUB 2 and 3: reading order from the spine, chapter titles from the navigation, cover and facts from the package.

Damaged books are read as far as they go: a missing page, navigation or cover costs just itself.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from pipelines.errors import UnreadableInput
from pipelines.pipeline import Limits
from pipelines.text.document import Block, Chapter, Cover, Document, Heading, clean

from .archive import Archive
from .encoding import decoded
from .html_blocks import html_blocks
from .html_reader import declared_codec
from .safe_xml import local_name, parse

_PACKAGE_BYTES = 16 << 20
_COVER_BYTES = 16 << 20
_COVER_TYPES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


@dataclass(slots=True)
class _Item:
    name: str
    media_type: str
    properties: tuple[str, ...]


@dataclass(slots=True)
class _Package:
    """What the OPF file says."""

    folder: str
    items: dict[str, _Item]
    spine: list[str]
    toc_id: str | None
    facts: dict[str, str]
    cover_id: str | None
    remarks: list[str] = field(default_factory=list)


def read_file(path: Path, limits: Limits) -> Document:
    """An EPUB as a document; the archive is closed when the last block was taken. Raises `BadInput` and its kinds."""
    archive = Archive(path, limits)
    try:
        package = _package(archive)
        _refuse_locked(archive, package)
        titles = _chapter_titles(archive, package)
        cover = _cover(archive, package)
    except BaseException:
        archive.close()
        raise
    return Document(
        blocks=_blocks(archive, package, titles),
        title=package.facts.get("title"),
        author=package.facts.get("creator"),
        language=package.facts.get("language"),
        cover=cover,
        remarks=package.remarks,
    )


def _package(archive: Archive) -> _Package:
    name = _package_name(archive)
    root = parse(archive.read(name, _PACKAGE_BYTES), "The book's package file")
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
            text = clean("".join(element.itertext()))
            if text and (tag == "creator" or tag not in package.facts):
                package.facts[tag] = f"{package.facts[tag]}, {text}" if tag in package.facts else text
    if not package.spine:
        raise UnreadableInput("The book names no pages to read (its spine is empty).", field="file")
    return package


def _package_name(archive: Archive) -> str:
    if "META-INF/container.xml" in archive:
        root = parse(archive.read("META-INF/container.xml", _PACKAGE_BYTES), "The book's container file")
        for element in root.iter():
            if local_name(element) == "rootfile" and element.get("full-path"):
                name = _resolve("", element.get("full-path"))
                if name in archive:
                    return name
    for name in archive.names():
        if name.lower().endswith(".opf"):
            return name
    raise UnreadableInput("This is not an EPUB: it holds no package file (.opf).", field="file")


def _refuse_locked(archive: Archive, package: _Package) -> None:
    """Scrambled fonts are common and harmless; scrambled pages are a copy protection."""
    if "META-INF/encryption.xml" not in archive:
        return
    root = parse(archive.read("META-INF/encryption.xml", _PACKAGE_BYTES), "The book's encryption file")
    locked = {_resolve("", e.get("URI")) for e in root.iter() if local_name(e) == "CipherReference" and e.get("URI")}
    if any(package.items[idref].name in locked for idref in package.spine if idref in package.items):
        raise UnreadableInput("The book is copy-protected (DRM); only unprotected books can be read.", field="file")


def _chapter_titles(archive: Archive, package: _Package) -> dict[str, dict[str, str]]:
    """Page name → fragment ("" for its top) → title, from the EPUB 3 navigation or else the EPUB 2 one."""
    titles: dict[str, dict[str, str]] = {}
    for read in (_from_navigation, _from_ncx):
        try:
            for name, fragment, title in read(archive, package):
                titles.setdefault(name, {}).setdefault(fragment, title)
        except (UnreadableInput, KeyError):
            package.remarks.append("The book's table of contents could not be read.")
        if titles:
            break
    return titles


def _from_navigation(archive: Archive, package: _Package) -> Iterator[tuple[str, str, str]]:
    for item in package.items.values():
        if "nav" in item.properties and item.name in archive:
            root = parse(archive.read(item.name, _PACKAGE_BYTES), "The book's navigation")
            navs = [element for element in root.iter() if local_name(element) == "nav"]
            toc = [
                nav for nav in navs if any("toc" in value.split() for key, value in nav.items() if key.endswith("type"))
            ]
            for nav in (toc or navs)[:1]:
                for link in nav.iter():
                    if local_name(link) == "a" and link.get("href"):
                        yield from _target(posixpath.dirname(item.name), link.get("href"), "".join(link.itertext()))


def _from_ncx(archive: Archive, package: _Package) -> Iterator[tuple[str, str, str]]:
    item = package.items.get(package.toc_id or "") or next(
        (item for item in package.items.values() if item.media_type == "application/x-dtbncx+xml"), None
    )
    if item is None or item.name not in archive:
        return
    root = parse(archive.read(item.name, _PACKAGE_BYTES), "The book's table of contents")
    for point in root.iter():
        if local_name(point) != "navPoint":
            continue
        label = next((child for child in point if local_name(child) == "navLabel"), None)
        content = next((child for child in point if local_name(child) == "content"), None)
        if label is not None and content is not None and content.get("src"):
            yield from _target(posixpath.dirname(item.name), content.get("src"), "".join(label.itertext()))


def _target(folder: str, href: str, label: str) -> Iterator[tuple[str, str, str]]:
    name, _, fragment = href.partition("#")
    title = clean(label)
    if name and title:
        yield _resolve(folder, name), unquote(fragment), title


def _cover(archive: Archive, package: _Package) -> Cover | None:
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
                package.remarks.append(f"A page of the book is missing: {(item.name if item else idref)[:100]}.")
                continue
            if "nav" in item.properties:
                continue  # the table of contents is for the eye
            yield from _page(archive, item, titles)


def _page(archive: Archive, item: _Item, titles: dict[str, dict[str, str]]) -> Iterator[Block]:
    anchors = titles.get(item.name, {})
    if "" in anchors:
        yield Chapter(anchors[""])
    blocks = html_blocks(_text(archive, item.name), anchors={name: title for name, title in anchors.items() if name})
    if titles:
        yield from blocks
        return
    # A book without navigation: a page that begins with a heading begins a chapter.
    for number, block in enumerate(blocks):
        if number == 0 and isinstance(block, Heading):
            yield Chapter(block.text)
        yield block


def _text(archive: Archive, name: str) -> Iterator[str]:
    blocks = archive.blocks(name)
    first = next(blocks, b"")
    marked = (
        "utf-16" if first[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig" if first[:3] == b"\xef\xbb\xbf" else None
    )
    codec = marked or declared_codec(first) or "utf-8"

    def whole() -> Iterator[bytes]:
        yield first
        yield from blocks

    return decoded(whole(), codec, "replace")


def _resolve(folder: str, href: str) -> str:
    """A reference of the book as the name of an entry."""
    return posixpath.normpath(posixpath.join(folder, unquote(href.partition("#")[0]))).lstrip("/")
