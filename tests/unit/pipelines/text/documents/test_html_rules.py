"""What elements of a page are for."""

from __future__ import annotations

import pytest

from pipelines.text.documents import html_rules
from pipelines.text.documents.html_rules import Omission


@pytest.mark.parametrize(
    ("tag", "attributes", "expected"),
    [
        ("p", {"hidden": ""}, Omission.HIDDEN),
        ("p", {"aria-hidden": "true"}, Omission.HIDDEN),
        ("aside", {"hidden": "hidden", "epub:type": "footnote"}, Omission.NOTE),
        ("p", {"aria-hidden": "false"}, None),
        ("p", {"style": "color: red; DISPLAY : none"}, Omission.HIDDEN),
        ("p", {"style": "display: block"}, None),
        ("a", {"epub:type": "noteref"}, Omission.NOTE_REFERENCE),
        ("aside", {"epub:type": "z3998:x footnote"}, Omission.NOTE),
        ("section", {"role": "doc-endnotes"}, Omission.NOTE),
        ("section", {"role": "footnote"}, None),
        ("span", {"role": "doc-pagebreak"}, Omission.PAGE_NUMBER),
        ("section", {"epub:type": "chapter"}, None),
        ("nav", {}, Omission.NAVIGATION),
        ("div", {"class": "Footnotes big"}, Omission.NOTE),
        ("span", {"class": "note"}, None),
        ("div", {"class": "notebook"}, None),
        ("div", {"class": "note"}, None),
        ("div", {"class": "admonition note"}, None),
        ("div", {"class": "transnote"}, Omission.TRANSCRIBER),
        ("span", {"class": "sidenote"}, Omission.NOTE),
        ("section", {"epub:type": "index"}, Omission.NAVIGATION),
        ("section", {"class": "pg-boilerplate"}, Omission.BOILERPLATE),
        ("div", {"id": "pg-footer"}, Omission.BOILERPLATE),
        ("pagenum", {}, Omission.PAGE_NUMBER),
    ],
)
def test_what_is_not_read_is_known_by_its_attributes(
    tag: str, attributes: dict[str, str], expected: Omission | None
) -> None:
    assert html_rules.find_omission(tag, attributes) is expected


@pytest.mark.parametrize(
    ("tag", "attributes", "content", "expected"),
    [
        ("span", {"class": "pagenum"}, "[Pg 14]", Omission.PAGE_NUMBER),
        ("span", {"class": "page-number"}, "xvi", Omission.PAGE_NUMBER),
        ("span", {"class": "pagenum"}, "Page of honour", None),
        ("a", {"id": "Page_12"}, "12", Omission.PAGE_NUMBER),
        ("a", {"id": "page_of_honour"}, "12", None),
        ("span", {"class": "linenum"}, "15", Omission.LINE_NUMBER),
        ("span", {"class": "ln"}, "Lane", None),
        ("a", {"class": "fnref"}, "[12]", Omission.NOTE_REFERENCE),
        ("a", {"class": "footnote"}, "the footnote", None),
        ("b", {"class": "bold"}, "12", None),
    ],
)
def test_a_class_counts_where_the_content_looks_like_it(
    tag: str, attributes: dict[str, str], content: str, expected: Omission | None
) -> None:
    likely = html_rules.find_likely_omission(tag, attributes)
    assert (likely if likely and html_rules.looks_like(likely, content) else None) is expected


@pytest.mark.parametrize(
    ("text", "expected"), [("[4]", True), ("*", True), ("(3)", True), ("4", False), ("[sic]", False)]
)
def test_the_text_of_a_link_may_be_a_reference(text: str, expected: bool) -> None:
    assert html_rules.is_reference(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Next topic", True),
        ("« Previous | Contents | Next »", True),
        ("Zurück · Weiter", True),
        ("Next of kin", False),
        ("Upper house", False),
        ("Chapter 1", False),
        ("", False),
    ],
)
def test_links_that_lead_to_other_pages_are_navigation(text: str, expected: bool) -> None:
    assert html_rules.is_navigation(text) is expected


@pytest.mark.parametrize(("text", "expected"), [("O", True), ("“T", True), ("É", True), ("Ab", False), ("1", False)])
def test_a_letter_may_stand_behind_a_quotation_mark(text: str, expected: bool) -> None:
    assert html_rules.is_single_letter(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"), [("nce upon", True), ("NCE upon", True), ("Apple", False), ("A man", False)]
)
def test_a_word_goes_on_in_small_letters_or_in_capitals_alone(text: str, expected: bool) -> None:
    assert html_rules.goes_on(text) is expected


def test_classes_say_that_text_is_code() -> None:
    assert html_rules.is_code({"class": "programlisting"})
    assert html_rules.is_code({"class": "box language-c"})
    assert not html_rules.is_code({"class": "poem"})


@pytest.mark.parametrize(
    ("alternative", "letter"),
    [("T", "T"), ("“T", "“T"), ("Drop cap T", "T"), ("Letter O", "O"), ("A tree", ""), ("", "")],
)
def test_a_picture_of_a_letter_is_known_by_its_text(alternative: str, letter: str) -> None:
    assert html_rules.find_pictured_letter(alternative) == letter


def test_text_may_be_raised_by_a_class_or_a_style() -> None:
    assert html_rules.is_raised("sup", {})
    assert html_rules.is_raised("span", {"class": "Superscript"})
    assert html_rules.is_raised("span", {"style": "vertical-align: super"})
    assert not html_rules.is_raised("p", {"class": "sup"})


def test_an_object_that_is_no_picture_has_text_to_replace_it() -> None:
    assert not html_rules.is_never_read("object", {"type": "application/x-quiz"})
    assert html_rules.is_never_read("object", {"data": "a.svg"})
    assert html_rules.is_never_read("object", {"type": "application/x-shockwave-flash"})
