"""Elements within a line, read by what is in them."""

from __future__ import annotations

import pytest

from pipelines.text.documents.html_blocks import parse_html
from pipelines.text.documents.html_page import Page


def read(body: str, head: str = "") -> list[str]:
    page = f"<html xmlns='http://www.w3.org/1999/xhtml'><head>{head}</head><body>{body}</body></html>"
    return [getattr(block, "text", "") for block in parse_html([page], page=Page("a.xhtml"))]


def spoken(body: str) -> list[tuple[str, str]]:
    page = f"<html xmlns='http://www.w3.org/1999/xhtml'><body>{body}</body></html>"
    return [
        (block.text[form.start : form.end], form.value)
        for block in parse_html([page])
        for form in getattr(block, "spoken_forms", ())
    ]


@pytest.mark.parametrize("style", ["vertical-align: super", "font-size: 60%; VERTICAL-ALIGN:super;"])
def test_the_number_of_a_note_may_be_raised_by_a_style_sheet(style: str) -> None:
    head = f"<style>.c4 {{ {style} }}</style>"
    assert read("<p>The cat<span class='c4'>4</span> sat, the 4<span class='c4'>th</span>.</p>", head) == [
        "The cat sat, the 4th."
    ]


@pytest.mark.parametrize(
    "style", ["vertical-align: sub", "vertical-align: 2px", "vertical-align: baseline", "color: red"]
)
def test_a_number_that_no_style_raises_is_read(style: str) -> None:
    head = f"<style>.c4 {{ {style} }}</style>"
    assert read("<p>Chapter <span class='c4'>4</span></p>", head) == ["Chapter 4"]


@pytest.mark.parametrize("reference", ["iv", "XII", "A", "note 3", "fn3", "*, †", "1 2"])
def test_a_raised_link_in_any_usual_form_is_the_reference_of_a_note(reference: str) -> None:
    assert read(f"<p>The cat<a href='#n'><sup>{reference}</sup></a> sat.</p>") == ["The cat sat."]


@pytest.mark.parametrize(
    ("alphabet", "phonemes", "expected"),
    [
        ("ipa", "bæs", [("bass", "bæs")]),
        ("x-sampa", "b{s", [("bass", "bæs")]),
        ("X-SAMPA", " b{s ", [("bass", "bæs")]),
        ("x-other", "b@s", []),
        ("ipa", " ", []),
    ],
)
def test_phonemes_are_spoken_in_alphabets_that_are_known(
    alphabet: str, phonemes: str, expected: list[tuple[str, str]]
) -> None:
    assert spoken(f"<p>A <i ssml:alphabet='{alphabet}' ssml:ph='{phonemes}'>bass</i>.</p>") == expected


@pytest.mark.parametrize("tag", ["p", "h2", "li", "div"])
def test_a_whole_block_may_have_phonemes(tag: str) -> None:
    assert spoken(f"<{tag} ssml:ph='bæs'>bass</{tag}>") == [("bass", "bæs")]


@pytest.mark.parametrize(
    "number",
    [
        "12",
        "[Pg 12]",
        "12, 13",
        "[Pg 12-13]",
        "12\u201313",
        "\u2014 12 \u2014",
        "fol. 12v",
        "pp. 12/13",
        "xii.",
        "|12|",
    ],
)
def test_the_number_of_a_page_is_left_out_in_any_usual_form(number: str) -> None:
    assert read(f"<p>A house <span class='pagenum'>{number}</span>of cards.</p>") == ["A house of cards."]
