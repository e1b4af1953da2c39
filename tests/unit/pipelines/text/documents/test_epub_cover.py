"""Covers of books."""

from __future__ import annotations

import io
from pathlib import Path

import av
import pytest

from pipelines.pipeline import Limits
from pipelines.text.document import Cover
from pipelines.text.documents.archive import Archive
from pipelines.text.documents.epub_cover import read_cover
from pipelines.text.documents.epub_package import read_package
from tests.document_factories import epub_entries, make_png, make_zip

ITEM = '<item id="c" href="img/c" media-type="image/png" properties="cover-image"/>'
PAGES = {"one.xhtml": "<p>a</p>"}


def cover(tmp_path: Path, files: dict[str, bytes | str], **parts: str) -> tuple[Cover | None, list[str]]:
    warnings: list[str] = []
    entries = epub_entries(PAGES, **parts)
    entries.update({f"OEBPS/{name}": data for name, data in files.items()})
    with Archive(make_zip(tmp_path / "book", entries), Limits()) as archive:
        return read_cover(archive, read_package(archive), warnings), warnings


def make_picture(codec: str, container: str) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=1)
        stream.width, stream.height, stream.pix_fmt = 16, 8, "rgb8" if codec == "gif" else "yuv420p"
        frame = av.VideoFrame(16, 8, "rgb24")
        output.mux([*stream.encode(frame.reformat(format=stream.pix_fmt)), *stream.encode(None)])
    return file.getvalue()


@pytest.mark.parametrize(
    ("manifest", "metadata", "files"),
    [
        (ITEM, "", {"img/c": make_png()}),
        (ITEM.replace(' properties="cover-image"', ""), '<meta name="cover" content="c"/>', {"img/c": make_png()}),
        ("", '<meta name="cover" content="img/c"/>', {"img/c": make_png()}),
        ("", '<meta name="cover" content="IMG/C"/>', {"img/c": make_png()}),
        ('<item id="x" href="front-Cover.png" media-type="image/png"/>', "", {"front-Cover.png": make_png()}),
        (
            '<item id="s" href="s.svg" media-type="image/svg+xml" properties="cover-image" fallback="d"/>'
            '<item id="d" href="d" media-type="image/png"/>',
            "",
            {"s.svg": "<svg><rect/></svg>", "d": make_png()},
        ),
        (
            '<item id="x" href="cover_page.xhtml" media-type="application/xhtml+xml"/>',
            "",
            {"cover_page.xhtml": "<html><body><object data='d' type='image/png'/></body></html>", "d": make_png()},
        ),
        (ITEM, "", {"img/c": '<svg xmlns:x="l"><image x:href="d.png"/></svg>', "img/d.png": make_png()}),
        (
            ITEM,
            "",
            {
                "img/c": "<html><body><img src='d.svg'/></body></html>",
                "img/d.svg": "<svg><image href='e'/></svg>",
                "img/e": make_png(),
            },
        ),
    ],
)
def test_a_cover_is_found_however_it_is_named(
    tmp_path: Path, manifest: str, metadata: str, files: dict[str, bytes | str]
) -> None:
    assert cover(tmp_path, files, manifest=manifest, metadata=metadata) == (Cover("image/png", make_png()), [])


def test_the_guide_names_a_page_with_the_cover(tmp_path: Path) -> None:
    spine = '<itemref idref="p0"/></spine><guide><reference type="cover" href="c.xhtml"/></guide><spine>'
    files: dict[str, bytes | str] = {"c.xhtml": '<html><body><img src="c.png"/></body></html>', "c.png": make_png()}
    assert cover(tmp_path, files, spine=spine)[0] == Cover("image/png", make_png())


@pytest.mark.parametrize(("codec", "container"), [("gif", "gif"), ("libwebp", "webp")])
def test_other_pictures_are_converted(tmp_path: Path, codec: str, container: str) -> None:
    found, warnings = cover(tmp_path, {"img/c": make_picture(codec, container)}, manifest=ITEM)
    assert found is not None and warnings == []
    with av.open(io.BytesIO(found.data)) as picture:
        assert (found.content_type, picture.streams.video[0].width, picture.streams.video[0].height) == (
            "image/png",
            16,
            8,
        )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        b"RIFF....WEBPVP8 ",
        b"<svg><rect/></svg>",
        b"\x00\x00\x00\x1cftypavif",
        b"<svg><image href='c'/></svg>",
    ],
)
def test_a_cover_that_cannot_be_used_is_a_warning(tmp_path: Path, data: bytes) -> None:
    found, warnings = cover(tmp_path, {"img/c": data}, manifest=ITEM)
    assert found is None
    assert warnings == ["The book's cover could not be used: it is no JPEG, PNG, GIF or WebP picture."]


def test_a_book_without_a_cover_has_no_warning(tmp_path: Path) -> None:
    assert cover(tmp_path, {}, manifest=ITEM) == (None, [])
    assert cover(tmp_path, {}) == (None, [])


def test_a_picture_of_a_gigabyte_is_not_unpacked(tmp_path: Path) -> None:
    data = bytearray(make_picture("gif", "gif"))
    data[6:10] = b"\xff\xff\xff\xff"
    assert cover(tmp_path, {"img/c": bytes(data)}, manifest=ITEM)[0] is None


def test_the_cover_is_the_page_that_the_navigation_calls_so(tmp_path: Path) -> None:
    nav = '<li><a href="one.xhtml">One</a></li></ol></nav><nav><ol><li><a epub:type="cover" href="c.xhtml">C</a></li>'
    files = {"c.xhtml": "<html><body><p>Front</p><img src='d'/></body></html>", "d": make_png()}
    assert cover(tmp_path, files, nav=nav) == (Cover("image/png", make_png()), [])


@pytest.mark.parametrize(
    ("page", "is_cover"),
    [
        ("<p><img src='d'/></p>", True),
        ("<p><img src='d'/></p><p>A text with a picture.</p>", False),
        ("<p><img src='d'/><img src='e'/></p>", False),
        ("<p>Text alone.</p>", False),
    ],
)
def test_a_first_page_with_one_picture_alone_is_the_cover(tmp_path: Path, page: str, is_cover: bool) -> None:
    files = {"one.xhtml": f"<html><body>{page}</body></html>", "d": make_png()}
    assert cover(tmp_path, files) == (Cover("image/png", make_png()) if is_cover else None, [])
