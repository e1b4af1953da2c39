"""Fields of a DOCX file."""

from __future__ import annotations

import pytest

from pipelines.text.documents.docx_fields import DocxFields, is_list


@pytest.mark.parametrize("instruction", [' TOC \\o "1-3" ', "toc", " INDEX \\c 2", "TOA \\h"])
def test_tables_of_contents_and_indexes_are_lists(instruction: str) -> None:
    assert is_list(instruction)


@pytest.mark.parametrize("instruction", ["", " PAGEREF _Toc1 ", "REF TOC", "HYPERLINK x", "TOCX"])
def test_other_fields_are_text(instruction: str) -> None:
    assert not is_list(instruction)


def test_an_instruction_comes_in_pieces_and_counts_for_the_fields_within() -> None:
    fields = DocxFields()
    fields.instruct("TOC")  # outside of a field
    fields.begin()
    fields.instruct(" T")
    fields.instruct("OC \\o")
    assert fields.is_silent
    fields.begin_result()
    assert not fields.is_silent
    fields.begin()
    fields.instruct("PAGEREF")
    assert fields.is_in_list
    assert fields.is_silent
    assert not fields.end()
    assert fields.is_in_list
    assert fields.end()
    assert not fields.is_in_list
    assert not fields.end()


def test_an_instruction_ends_with_its_paragraph() -> None:
    fields = DocxFields()
    fields.begin()
    fields.instruct("NOTEREF _Ref1")
    fields.end_paragraph()
    assert (fields.is_silent, fields.is_in_reference) == (False, True)
    fields.instruct("TOC")
    assert not fields.end()
    assert not fields.is_in_reference
