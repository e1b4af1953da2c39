"""Symbols of a DOCX file."""

from __future__ import annotations

import pytest

from pipelines.text.documents.docx_symbols import read_symbol


@pytest.mark.parametrize(
    ("font", "code", "read"),
    [
        ("Symbol", "F061", "α"),
        ("Symbol", "F057", "Ω"),
        ("symbol", "F0A3", "≤"),
        ("Symbol", "F031", "1"),
        ("Symbol", "F0A7", ""),
        ("Wingdings", "F0E0", ""),
        ("Arial", "00E9", "é"),
        ("Arial", "0007", ""),
        ("Arial", "FFFFFFFF", ""),
        ("Arial", "x", ""),
        ("", "", ""),
    ],
)
def test_letters_and_signs_are_read_and_pictures_are_not(font: str, code: str, read: str) -> None:
    assert read_symbol(font, code) == read
