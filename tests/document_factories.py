"""Builders of PNG, ZIP and EPUB files: plain functions with valid defaults."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

CONTAINER = (
    '<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)


def make_png(width: int = 60, height: int = 40) -> bytes:
    """A red picture."""
    rows = b"".join(b"\0" + b"\xc8\x1e\x1e" * width for _ in range(height))

    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", size) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")


def make_zip(path: Path, entries: Mapping[str, str | bytes]) -> Path:
    """A deflated archive of these entries, in order."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def epub_entries(
    pages: Mapping[str, str], *, nav: str | None = None, manifest: str = "", metadata: str = "", spine: str = ""
) -> dict[str, str | bytes]:
    """The entries of an EPUB 3: `pages` are name → body. `nav` is the list of its navigation, None for none at all."""
    items = "".join(
        f'<item id="p{i}" href="{name}" media-type="application/xhtml+xml"/>' for i, name in enumerate(pages)
    )
    refs = "".join(f'<itemref idref="p{i}"/>' for i in range(len(pages)))
    if nav is not None:
        items += '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
    entries: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER,
        "OEBPS/book.opf": (
            '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
            '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f"{metadata or '<dc:title>A Böok</dc:title><dc:creator>A. Uthor</dc:creator><dc:language>en</dc:language>'}"
            f"</metadata><manifest>{items}{manifest}</manifest><spine>{spine or refs}</spine></package>"
        ),
    }
    if nav is not None:
        entries["OEBPS/nav.xhtml"] = (
            '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><body>'
            f'<nav epub:type="toc"><ol>{nav}</ol></nav></body></html>'
        )
    for name, body in pages.items():
        entries[f"OEBPS/{name}"] = (
            '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml" '
            f'xmlns:epub="http://www.idpf.org/2007/ops"><head><title/></head><body>{body}</body></html>'
        )
    return entries


def make_epub(path: Path, pages: Mapping[str, str], **parts: str) -> Path:
    """An EPUB 3 file; see `epub_entries`."""
    return make_zip(path, epub_entries(pages, **parts))
