"""Formulas of a DOCX file."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pipelines.text.documents.docx_formulas import FormulaReader

#: An element: its name, and the text or the elements in it.
Element = tuple[str, str | Sequence["Element"]]


def read(element: Element, language: str = "en") -> str | None:
    reader = FormulaReader()

    def feed(each: Element) -> None:
        name, content = each
        reader.start(name)
        if isinstance(content, str):
            reader.add(content)
        else:
            for child in content:
                feed(child)
        reader.end()

    feed(element)
    assert not reader.is_open
    return reader.read(language)


def run(text: str) -> Element:
    return ("r", [("rPr", [("sty", "")]), ("t", text)])


@pytest.mark.parametrize(
    ("content", "spoken"),
    [
        ([run("a=b")], "a equals b"),
        ([("sSup", [("e", [run("x")]), ("sup", [run("2")])])], "x squared"),
        ([("f", [("num", [run("1")]), ("den", [run("2")])])], "1 over 2"),
        ([("rad", [("deg", []), ("e", [run("x")])])], "the square root of x"),
        ([("rad", [("deg", [run("3")]), ("e", [run("x")])])], None),
        ([("d", [("e", [run("a+b")])])], "(a plus b)"),
        ([("d", [("dPr", [("begChr", "")]), ("e", [run("a")])])], None),
        ([("func", [("fName", [run("sin")]), ("e", [run("x")])])], "sin x"),
        ([("nary", [("e", [run("i")])])], None),
        ([("m", [("mr", [("e", [run("i")])])])], None),
    ],
)
def test_simple_formulas_are_read_and_others_are_not(content: Sequence[Element], spoken: str | None) -> None:
    assert read(("oMath", content)) == spoken


def test_a_reader_reads_one_formula_after_another() -> None:
    reader = FormulaReader()
    for name in ("nary", "oMath"):
        reader.start("oMath")
        reader.start(name)
        reader.end()
        assert reader.end()
    assert reader.read("en") == ""
