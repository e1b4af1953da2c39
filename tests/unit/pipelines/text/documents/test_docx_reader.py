"""Reading DOCX."""

from __future__ import annotations

from pathlib import Path

import docx
import pytest
from docx.document import Document as Writer

from pipelines.errors import BadInput, UnreadableInput
from pipelines.pipeline import Limits
from pipelines.text.document import Block, Chapter, Heading, Paragraph
from pipelines.text.documents.docx_reader import read_file
from tests.document_factories import make_zip

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def blocks(tmp_path: Path, document: Writer) -> list[Block]:
    document.save(str(tmp_path / "d.docx"))
    return list(read_file(tmp_path / "d.docx", Limits()).blocks)


def by_hand(tmp_path: Path, body: str) -> list[Block]:
    xml = f'<?xml version="1.0"?><w:document {W}><w:body>{body}</w:body></w:document>'
    return list(read_file(make_zip(tmp_path / "d", {"word/document.xml": xml}), Limits()).blocks)


def test_heading_styles_divide_the_document_and_tables_are_read_by_rows(tmp_path: Path) -> None:
    document = docx.Document()
    document.core_properties.title, document.core_properties.author = "The Document", "Its Author"
    document.core_properties.language = "de"
    document.add_heading("The Document", 0)
    document.add_heading("One", 1)
    document.add_paragraph("Text with ").add_run("bold").bold = True
    table = document.add_table(2, 2)
    for number, cell in enumerate(table._cells):
        cell.text = f"cell {number}"
    document.add_heading("Two", 1)
    document.add_heading("Part of two", 2)
    document.add_paragraph("an item", style="List Bullet")
    found = blocks(tmp_path, document)
    assert found == [
        Chapter("The Document"),
        Heading("The Document", 0),
        Chapter("One"),
        Heading("One", 1),
        Paragraph("Text with bold"),
        Paragraph("cell 0, cell 1"),
        Paragraph("cell 2, cell 3"),
        Chapter("Two"),
        Heading("Two", 1),
        Heading("Part of two", 2),
        Paragraph("an item"),
    ]
    facts = read_file(tmp_path / "d.docx", Limits())
    assert (facts.title, facts.author, facts.language) == ("The Document", "Its Author", "de")


def test_a_style_made_from_a_heading_is_a_heading(tmp_path: Path) -> None:
    document = docx.Document()
    style = document.styles.add_style("My Chapter", docx.enum.style.WD_STYLE_TYPE.PARAGRAPH)
    style.base_style = document.styles["Heading 1"]
    document.add_paragraph("One", style="My Chapter")
    assert blocks(tmp_path, document) == [Chapter("One"), Heading("One", 1)]


@pytest.mark.parametrize(
    ("body", "spoken"),
    [
        ("<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t></w:r></w:p>", ["a b\nc"]),
        ("<w:p><w:r><w:t>co</w:t><w:noBreakHyphen/><w:t>op</w:t></w:r></w:p>", ["co-op"]),
        (
            "<w:p><w:del><w:r><w:delText>no</w:delText><w:t>no</w:t></w:r></w:del>"
            "<w:ins><w:r><w:t>yes</w:t></w:r></w:ins></w:p>",
            ["yes"],
        ),
        ("<w:p><w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:t>a</w:t></w:r></w:p>", ["a"]),
        ("<w:p/><w:p><w:r><w:t> </w:t></w:r></w:p>", []),
        (
            '<w:p><w:r><mc:AlternateContent xmlns:mc="urn:mc"><mc:Choice><w:p><w:r><w:t>box</w:t></w:r></w:p>'
            "</mc:Choice><mc:Fallback><w:p><w:r><w:t>box</w:t></w:r></w:p></mc:Fallback></mc:AlternateContent>"
            "<w:t>after</w:t></w:r></w:p>",
            ["box", "after"],
        ),
    ],
)
def test_the_text_is_what_a_reader_sees(tmp_path: Path, body: str, spoken: list[str]) -> None:
    assert [block.text for block in by_hand(tmp_path, body)] == spoken  # type: ignore[union-attr]


def test_a_long_paragraph_comes_in_parts_and_loses_nothing(tmp_path: Path) -> None:
    found = by_hand(tmp_path, "<w:p>" + "<w:r><w:t>some </w:t></w:r><w:r><w:t>words </w:t></w:r>" * 20_000 + "</w:p>")
    assert [block.continues for block in found if isinstance(block, Paragraph)] == [False] + [True] * (len(found) - 1)
    joined = " ".join(block.text for block in found if isinstance(block, Paragraph))
    assert joined.split() == ["some", "words"] * 20_000


def test_a_document_type_is_refused(tmp_path: Path) -> None:
    xml = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e "ha">]><w:document {W}><w:t>&e;</w:t></w:document>'
    with pytest.raises(BadInput, match="entities"):
        read_file(make_zip(tmp_path / "d", {"word/document.xml": xml}), Limits())


@pytest.mark.parametrize(
    ("entries", "says"),
    [({"a": "x"}, "no word/document.xml"), ({"word/document.xml": "<a><b></a>"}, "damaged")],
)
def test_what_is_no_document_is_refused(tmp_path: Path, entries: dict[str, str | bytes], says: str) -> None:
    with pytest.raises(UnreadableInput, match=says):
        read_file(make_zip(tmp_path / "d", entries), Limits())


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "with a password"),
        (b"{\\rtf1 x}", "an RTF file"),
        (b"%PDF-1.7 x", "a PDF"),
        (b"", "no zip archive"),
        (b"PK\x03\x04 cut off", "cut off"),
    ],
)
def test_a_file_of_another_format_is_refused_by_its_name(tmp_path: Path, data: bytes, says: str) -> None:
    (tmp_path / "d.docx").write_bytes(data)
    with pytest.raises(UnreadableInput, match=says):
        read_file(tmp_path / "d.docx", Limits())


def test_a_document_without_heading_styles_has_the_chapters_that_its_lines_name(tmp_path: Path) -> None:
    lines = ["Chapter 1", "Text.", "CHAPTER II: The End", "More."]
    found = by_hand(tmp_path, "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in lines))
    assert [block.title for block in found if isinstance(block, Chapter)] == ["Chapter 1", "CHAPTER II: The End"]
    assert [block.text for block in found if not isinstance(block, Chapter)] == lines  # type: ignore[union-attr]


def test_the_strict_variant_is_read(tmp_path: Path) -> None:
    space = W.replace(
        "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "http://purl.oclc.org/ooxml/wordprocessingml/main",
    )
    xml = f"<w:document {space}><w:body><w:p><w:r><w:t>Strict</w:t></w:r></w:p></w:body></w:document>"
    assert list(read_file(make_zip(tmp_path / "d", {"word/document.xml": xml}), Limits()).blocks) == [
        Paragraph("Strict")
    ]
