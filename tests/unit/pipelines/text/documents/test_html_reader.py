"""Reading HTML pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import InputTooLarge
from pipelines.pipeline import Limits
from pipelines.text.document import Chapter, Heading, Paragraph
from pipelines.text.documents.html_reader import read_file


def page(tmp_path: Path, data: str | bytes) -> Path:
    path = tmp_path / "page"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def test_a_page_has_title_author_language_and_chapters(tmp_path: Path) -> None:
    document = read_file(
        page(
            tmp_path,
            '<html lang="de-AT"><head><title> Das\nBuch </title><meta name="author" content="Ich"></head>'
            "<body><h1>Das Buch</h1><h2>Eins</h2><p>a</p><h2>Zwei</h2><p>b</p></body></html>",
        ),
        Limits(),
    )
    assert (document.title, document.author, document.language) == ("Das Buch", "Ich", "de-AT")
    blocks = list(document.blocks)
    assert [block.title for block in blocks if isinstance(block, Chapter)] == ["Das Buch", "Eins", "Zwei"]
    assert blocks[-2:] == [Heading("Zwei", 2), Paragraph("b")]


@pytest.mark.parametrize(
    "data",
    [
        "<p>Grüße</p>".encode(),
        '<html lang="de"><p>Grüße</p>'.encode("cp1252"),
        '<meta charset="utf-8"><html lang="de"><p>Grüße</p>'.encode("cp1252"),
        '<meta charset="windows-1251"><p>Grüße</p>'.encode(),
        '<meta charset="iso-8859-15"><p>Grüße</p>'.encode("iso-8859-15"),
        '<meta charset="shift_jis"><p>猫</p>'.encode("shift_jis"),
        '<?xml version="1.0" encoding="utf-16"?><p>Grüße</p>'.encode("utf-16"),
        b"\xef\xbb\xbf" + '<meta charset="latin-1"><p>Grüße</p>'.encode(),
        '<meta charset="no-such-thing"><p>Grüße</p>'.encode(),
        '<meta charset="zlib"><p>Grüße</p>'.encode(),
        '<meta charset="utf-16"><p>Grüße</p>'.encode(),
    ],
)
def test_the_encoding_is_the_marked_the_declared_or_the_detected_one(tmp_path: Path, data: bytes) -> None:
    (paragraph,) = read_file(page(tmp_path, data), Limits()).blocks
    assert isinstance(paragraph, Paragraph)
    assert paragraph.text in ("Grüße", "猫")


def test_a_page_of_nothing_but_markup_is_limited_too(tmp_path: Path) -> None:
    with pytest.raises(InputTooLarge):
        read_file(page(tmp_path, "<p></p>" * 1000), Limits(text_characters=1000))
