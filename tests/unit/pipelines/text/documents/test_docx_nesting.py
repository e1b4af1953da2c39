"""Blocks in tables and structured parts."""

from __future__ import annotations

from pipelines.text.document import Block, Heading, Paragraph
from pipelines.text.documents.docx_nesting import BlockNesting


def paragraphs(nesting: BlockNesting, *texts: str) -> None:
    for text in texts:
        nesting.begin_cell()
        nesting.emit(Paragraph(text))


def test_cells_of_one_paragraph_are_one_and_others_keep_their_blocks() -> None:
    nesting = BlockNesting()
    nesting.begin_row()
    paragraphs(nesting, "a", "b")
    assert nesting.is_in_row
    assert list(nesting.take()) == []
    nesting.end_row()
    nesting.begin_row()
    paragraphs(nesting, "a")
    nesting.emit(Heading("h"))
    paragraphs(nesting, "b")
    nesting.end_row()
    found: list[Block] = [Paragraph("a, b"), Paragraph("a"), Heading("h"), Paragraph("b")]
    assert list(nesting.take()) == found


def test_a_row_within_a_cell_is_read_in_its_place() -> None:
    nesting = BlockNesting()
    nesting.begin_row()
    paragraphs(nesting, "before")
    nesting.begin_row()
    paragraphs(nesting, "1", "2")
    nesting.end_row()
    nesting.emit(Paragraph("behind"))
    nesting.end_row()
    assert list(nesting.take()) == [Paragraph("before"), Paragraph("1, 2"), Paragraph("behind")]


def test_a_part_that_is_a_table_of_contents_is_dropped_unless_it_is_long() -> None:
    nesting = BlockNesting()
    nesting.begin_part()
    nesting.emit(Paragraph("Contents"))
    nesting.drop_part()
    nesting.emit(Paragraph("Behind"))
    nesting.end_part()
    assert list(nesting.take()) == [Paragraph("Behind")]
    nesting.begin_part()
    for number in range(3_000):
        nesting.emit(Paragraph(str(number)))
    nesting.drop_part()
    nesting.end_part()
    assert len(list(nesting.take())) == 3_000


def test_ends_without_beginnings_change_nothing() -> None:
    nesting = BlockNesting()
    nesting.end_row()
    nesting.end_part()
    nesting.drop_part()
    nesting.begin_cell()
    assert list(nesting.take()) == []
