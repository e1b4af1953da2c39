"""Where paragraphs of a plain text begin without an empty line."""

from __future__ import annotations

import pytest

from pipelines.text.document import Block, Chapter, Heading, Paragraph
from pipelines.text.documents.plain_reader import read_string

RUNNING = "It was a dark night and the wind was blowing hard over the hills and\nthe moor. Nobody was out."
JOINED = RUNNING.replace("\n", " ")


def blocks(text: str) -> list[Block]:
    return [block for block in read_string(text).blocks if not isinstance(block, Chapter)]


def test_an_indent_begins_a_paragraph_in_a_text_whose_paragraphs_have_one() -> None:
    assert blocks(f"    {RUNNING}\n    “Who is there?”\n    “I.”\n    {RUNNING}") == [
        Paragraph(JOINED),
        Paragraph("“Who is there?”"),
        Paragraph("“I.”"),
        Paragraph(JOINED),
    ]


def test_a_passage_that_is_indented_as_a_whole_is_one_paragraph() -> None:
    assert blocks(f"    {RUNNING} He ran.\n{RUNNING} Somebody came.".replace("\n", "\n    ")) == [
        Paragraph(f"{JOINED} He ran. {JOINED} Somebody came.")
    ]


def test_an_ideographic_space_begins_a_paragraph_and_titles_need_no_empty_lines() -> None:
    text = "第一章 风\n　　从前有一个老国王。\n　　“谁？”他问道。\n第二章 雨\n　　没有人知道答案。\n　　国王回家了。"
    assert blocks(text) == [
        Heading("第一章 风"),
        Paragraph("从前有一个老国王。"),
        Paragraph("“谁？”他问道。"),
        Heading("第二章 雨"),
        Paragraph("没有人知道答案。"),
        Paragraph("国王回家了。"),
    ]


def test_a_speech_begins_a_paragraph_where_others_have_an_ideographic_space() -> None:
    assert blocks("　王様がいました。\n「誰だ。」\n　と言った。") == [
        Paragraph("王様がいました。"),
        Paragraph("「誰だ。」"),
        Paragraph("と言った。"),
    ]


def test_a_title_alone_in_its_line_begins_a_chapter() -> None:
    assert blocks(f"CHAPTER I\n{RUNNING}\nCHAPTER II\n{RUNNING}") == [
        Heading("CHAPTER I"),
        Paragraph(JOINED),
        Heading("CHAPTER II"),
        Paragraph(JOINED),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "CHAPTER I.\nCHAPTER II.\nCHAPTER III.",
        "　　第一章 风\n　　第二章 雨",
        "Chapter 1\nThe Start\nChapter 2\nThe End",
    ],
)
def test_lines_of_a_table_of_contents_begin_no_chapters(text: str) -> None:
    assert not any(isinstance(block, Heading) for block in blocks(f"{text}\n\nText."))
