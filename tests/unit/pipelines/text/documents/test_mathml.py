"""Formulas as words."""

from __future__ import annotations

import re

import pytest

from pipelines.text.documents.mathml import MathReader


def read(formula: str, language: str = "en", alternative: str = "") -> str | None:
    """`formula` is MathML without attributes and entities."""
    reader = MathReader()
    for end, tag, text in re.findall(r"<(/?)([\w:-]+)>|([^<]+)", f"<math>{formula}</math>"):
        if end:
            reader.end()
        elif tag:
            reader.start(tag)
        else:
            reader.add(text)
    assert not reader.is_open
    return reader.read(alternative, language)


SQUARED = "<msup><mi>a</mi><mn>2</mn></msup>"


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        (f"<mi>E</mi><mo>=</mo><mi>m</mi>{SQUARED.replace('a', 'c')}", "E equals m c squared"),
        ("<mfrac><mn>1</mn><mrow><mi>x</mi><mo>+</mo><mn>1</mn></mrow></mfrac>", "1 over x plus 1"),
        (
            "<msqrt><mi>x</mi></msqrt><mo>≤</mo><mroot><mi>y</mi><mn>4</mn></mroot>",
            "the square root of x is at most the 4th root of y",
        ),
        ("<msubsup><mi>x</mi><mn>1</mn><mn>3</mn></msubsup>", "x sub 1 cubed"),
        ("<m:msup><m:mi>x</m:mi><m:mi>n</m:mi></m:msup>", "x to the power of n"),
        (f"<semantics><mrow>{SQUARED}</mrow><annotation>a^2</annotation></semantics>", "a squared"),
        ("<mn>2</mn><mo>\u2062</mo><mi>x</mi><mo>\u2061</mo>", "2 x"),
        ("<mtext> if </mtext><mspace></mspace><mi>x</mi>", "if x"),
        ("", ""),
    ],
)
def test_simple_formulas_are_read(formula: str, words: str) -> None:
    assert read(formula) == words


@pytest.mark.parametrize(
    ("language", "words"), [("de-AT", "a Quadrat"), ("fr", "a au carré"), ("es", "a al cuadrado"), ("pl", None)]
)
def test_formulas_are_read_in_the_language_of_the_text(language: str, words: str | None) -> None:
    assert read(SQUARED, language) == words


def test_the_alternative_for_people_comes_first_and_that_for_machines_does_not() -> None:
    assert read(SQUARED, alternative="the square of a") == "the square of a"
    assert read(SQUARED, alternative=r"\frac{a}{b}") == "a squared"
    assert read(SQUARED, "pl", alternative="a do kwadratu") == "a do kwadratu"


@pytest.mark.parametrize(
    "formula", ["<mtable><mtr><mtd><mi>x</mi></mtd></mtr></mtable>", "<munder><mi>x</mi></munder>"]
)
def test_formulas_in_two_dimensions_are_not_read(formula: str) -> None:
    assert read(formula) is None


def test_a_formula_without_end_is_not_read() -> None:
    assert read("<mi>x</mi>" * 500) is None
    assert read("<mrow>" * 1_500 + "</mrow>" * 1_500) is None


def test_one_reader_reads_one_formula_after_another() -> None:
    reader = MathReader()
    for text in ("x", "y"):
        for tag in ("math", "mi"):
            reader.start(tag)
        reader.add(text)
        assert (reader.end(), reader.end()) == (False, True)
        assert reader.read("", "en") == text
