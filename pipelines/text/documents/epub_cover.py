"""Finds the cover of a book and makes it a JPEG or PNG file, which audio files and players take."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from pipelines.errors import UnreadableInput
from pipelines.text.document import Cover

from .archive import Archive
from .epub_package import PACKAGE_BYTES, Package
from .references import resolve_reference
from .safe_xml import local_name, parse_xml

_COVER_BYTES = 16 << 20
_PAGE_BYTES = 1 << 20
#: A larger picture is not converted.
_MAX_PIXELS = 40_000_000
#: From a page to an SVG picture to the picture within it.
_MAX_STEPS = 2
_TYPES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
_CONVERTED = (b"GIF8", b"RIFF")
_PICTURE_ATTRIBUTES = {"img": ("src",), "image": ("src", "href"), "object": ("data",)}
_PAGE_TYPES = frozenset(["application/xhtml+xml", "text/html", "text/x-oeb1-document"])
#: "cover c.xhtml", "item1 front_cover.html": id and name of a file.
_COVER_PAGE = re.compile(r"(?:\S* )?(?:(?:front|book)?-?_?cover-?_?(?:page)?)(?:[-_.]?0*1)?(?:\.|\s)", re.I)
#: A page with one picture and no text has less.
_PICTURE_PAGE_BYTES = 8_192


def read_cover(archive: Archive, package: Package, warnings: list[str]) -> Cover | None:
    """The cover; None, with a warning where there is one that cannot be used."""
    found = False
    for name in dict.fromkeys(_candidates(archive, package)):
        if name not in archive:
            continue
        found = True
        if (cover := _read_picture(archive, name, _MAX_STEPS)) is not None:
            return cover
    for name in dict.fromkeys(_likely_pages(archive, package)):
        if name in archive and (cover := _read_picture(archive, name, _MAX_STEPS)) is not None:
            return cover
    if found:
        warnings.append("The book's cover could not be used: it is no JPEG, PNG, GIF or WebP picture.")
    return None


def _candidates(archive: Archive, package: Package) -> Iterator[str]:
    """Names of files that may be the cover, the likeliest first."""
    for item in package.items.values():
        if "cover-image" in item.properties:
            yield item.name
            if (fallback := package.items.get(item.fallback or "")) is not None:
                yield fallback.name
    if package.cover:
        named = package.items.get(package.cover)
        yield named.name if named is not None else resolve_reference(package.name, package.cover)
    yield from (page for kind, page in package.guide.items() if "cover" in kind)
    yield from _landmarks(archive, package)
    for item_id, item in package.items.items():
        if item.media_type.startswith("image/") and "cover" in f"{item_id} {item.name}".lower():
            yield item.name


def _landmarks(archive: Archive, package: Package) -> Iterator[str]:
    """The pages that the navigation of an EPUB 3 calls the cover."""
    for item in package.items.values():
        if "nav" not in item.properties or item.name not in archive:
            continue
        try:
            root = parse_xml(archive.read(item.name, PACKAGE_BYTES), "The book's navigation")
        except UnreadableInput:
            continue
        for link in root.iter():
            kinds = [value for key, value in link.items() if key.rpartition("}")[2] in ("type", "epub:type")]
            if local_name(link) == "a" and link.get("href") and any("cover" in kind.split() for kind in kinds):
                yield archive.find_name(resolve_reference(item.name, link.get("href")))


def _likely_pages(archive: Archive, package: Package) -> Iterator[str]:
    """Pages that nothing names and that may be the cover: by their name, or as the first one if it is a picture."""
    for item_id, item in package.items.items():
        if item.media_type in _PAGE_TYPES and _COVER_PAGE.match(f"{item_id} {item.name.rpartition('/')[2]}"):
            yield item.name
    first = package.items.get(package.spine[0].item_id) if package.spine else None
    if first is not None and first.name in archive and _is_picture(archive, first.name):
        yield first.name


def _is_picture(archive: Archive, name: str) -> bool:
    """Whether a page shows one picture and no text."""
    page = next(archive.blocks(name), b"")
    if len(page) > _PICTURE_PAGE_BYTES or len(set(_pictures(page))) != 1:
        return False
    try:
        root: Any = parse_xml(page, "The book's first page")
    except UnreadableInput:
        return False
    body = next((element for element in root.iter() if local_name(element) == "body"), None)
    return body is not None and not "".join(body.itertext()).strip()


def _read_picture(archive: Archive, name: str, steps: int) -> Cover | None:
    try:
        data = archive.read(name, _COVER_BYTES)
    except UnreadableInput:
        return None
    for magic, content_type in _TYPES.items():
        if data.startswith(magic):
            return Cover(content_type, data)
    if data.startswith(_CONVERTED):
        return _convert(data)
    # A page, or an SVG picture, around the picture itself.
    for inner in _pictures(data[:_PAGE_BYTES]):
        target = resolve_reference(name, inner)
        if steps and target in archive and (cover := _read_picture(archive, target, steps - 1)) is not None:
            return cover
    return None


def _pictures(page: bytes) -> Iterator[str]:
    """References to pictures in a page of HTML or SVG."""
    try:
        root: Any = parse_xml(page, "The book's cover page")
    except UnreadableInput:
        return
    for element in root.iter():
        names = _PICTURE_ATTRIBUTES.get(local_name(element), ())
        yield from (
            value for key, value in element.items() if key.rpartition("}")[2] in names and value and ":" not in value
        )


def _convert(data: bytes) -> Cover | None:
    """A GIF or WebP picture as PNG; None where it cannot be read."""
    import av
    from av.error import FFmpegError

    try:
        with av.open(io.BytesIO(data), "r") as container:
            container.streams.video[0].codec_context.options = {"max_pixels": str(_MAX_PIXELS)}
            frame = next(container.decode(video=0))
        encoder = av.CodecContext.create("png", "w")
        encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, "rgb24"
        packets = [*encoder.encode(frame.reformat(format="rgb24")), *encoder.encode(None)]
    except (FFmpegError, StopIteration, IndexError, ValueError):
        return None
    return Cover("image/png", b"".join(bytes(packet) for packet in packets))
