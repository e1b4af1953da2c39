"""Headings, fractions and lines as blocks of a page."""

from __future__ import annotations

import pytest

from pipelines.text.document import Heading, Paragraph
from pipelines.text.documents.html_blocks import parse_html


@pytest.mark.parametrize(
    ("heading", "text"),
    [
        ("<span>1</span><span>The River</span>", "1 The River"),
        ("<span class='n'>12</span>The River", "12 The River"),
        ("Chapter<span>12</span>", "Chapter 12"),
        ("The 1<sup>st</sup> River", "The 1st River"),
        ("The 1<span class='super'>st</span> River", "The 1st River"),
        ("<span class='drop'>T</span><span>HE</span> RIVER", "THE RIVER"),
        ("Mc<span class='sc'>Donald</span>", "McDonald"),
    ],
)
def test_the_number_and_the_name_in_a_heading_are_two_words(heading: str, text: str) -> None:
    assert list(parse_html([f"<h2>{heading}</h2>"])) == [Heading(text, 2)]


@pytest.mark.parametrize(
    ("picture", "text"),
    [
        ("<img src='x' alt='Chapter One'>", "Chapter One"),
        ("<img src='x' alt='One'>", "One"),
        ("<img src='x' alt='decoration'>", None),
        ("<img src='x' alt='ch01.png'>", None),
        ("<img src='x' alt='Image 12'>", None),
        ("<img src='x'>", None),
        ("<img src='x' alt='An ornament of leaves'>Two", "Two"),
    ],
)
def test_a_heading_that_is_a_picture_has_the_text_of_the_picture(picture: str, text: str | None) -> None:
    expected = [Heading(text, 1)] if text else []
    assert list(parse_html([f"<h1>{picture}</h1><p>Text.</p>"])) == [*expected, Paragraph("Text.")]


@pytest.mark.parametrize(
    ("attributes", "level"),
    [
        ("role='heading' aria-level='3'", 3),
        ("role='heading'", 2),
        ("role='heading' aria-level='9'", 6),
        ("role='note'", None),
    ],
)
def test_an_element_may_be_a_heading_by_its_role(attributes: str, level: int | None) -> None:
    expected = Heading("One", level) if level else Paragraph("One")
    assert list(parse_html([f"<p {attributes}>One</p><p>Text.</p>"])) == [expected, Paragraph("Text.")]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("1<sup>1</sup>/<sub>2</sub> cups", "1 1/2 cups"),
        ("37<sup>1</sup>/2 miles", "37 1/2 miles"),
        ("2<sup>3</sup>/<sub>4</sub> cups", "2 3/4 cups"),
        ("<sup>3</sup>/<sub>4</sub> of it", "3/4 of it"),
        ("x<sup>2</sup>/<sub>3</sub>", "x²/3"),
        ("10<sup>6</sup>/s", "10⁶/s"),
    ],
)
def test_a_whole_number_and_a_fraction_are_not_read_as_a_power(written: str, text: str) -> None:
    assert list(parse_html([f"<p>{written}</p>"])) == [Paragraph(text)]
