"""What style sheets hide."""

from __future__ import annotations

import pytest

from pipelines.text.documents.style_sheets import StyleRules, is_for_screens


def hides(style_sheet: str, tag: str, **attributes: str) -> bool:
    hidden = StyleRules()
    hidden.add(style_sheet)
    return hidden.hides(tag, {"class": attributes.get("classes", ""), "id": attributes.get("id", "")})


@pytest.mark.parametrize(
    "style_sheet",
    [
        ".gone { display: none }",
        "p.gone{color:red;DISPLAY:NONE !important}",
        "h1, .gone , h2 { visibility: hidden; }",
        "#here { display: none }",
        "p { display: none }",
        "@charset 'utf-8'; @import 'x.css'; .gone { display: none }",
        "/* .a { } */ .gone { /* x */ display: none }",
        "@media print { p { display: block } } .gone { display: none }",
        ".gone.more { display: none }",
        "p { display: block } .gone { display: none }",
        ".gone { display: none } p { display: block }",
    ],
)
def test_elements_are_hidden_by_name_class_and_id(style_sheet: str) -> None:
    assert hides(style_sheet, "p", classes="more gone", id="here")


@pytest.mark.parametrize(
    "style_sheet",
    [
        ".other { display: none }",
        "@media print { .gone { display: none } }",
        "@media screen { @media (x) { p { display: none } } }",
        "div .gone { display: none }",
        "div > .gone { display: none }",
        ".gone:hover { display: none }",
        ".gone::before { display: none }",
        ".gone.absent { display: none }",
        ".gone { display: none } .gone { display: block }",
        ".gone { display: none } p.gone { display: block }",
        "#here { display: block } .gone { display: none }",
        ".gone { display: block; content: 'none' }",
        ".gone { x-display: none }",
        "{ display: none }",
        ".gone { display: none",
    ],
)
def test_what_may_be_shown_is_not_hidden(style_sheet: str) -> None:
    assert not hides(style_sheet, "p", classes="more gone", id="here")


@pytest.mark.parametrize("tag", ["html", "body"])
def test_a_page_is_never_hidden_as_a_whole(tag: str) -> None:
    assert not hides("html, body, *, body.js { display: none }", tag, classes="js")


def test_many_rules_for_one_name_take_no_time() -> None:
    hidden = StyleRules()
    hidden.add("".join(f".a.b{number} {{display: none}}" for number in range(10_000)))
    assert hidden.hides("p", {"class": "a b3"})
    assert not hidden.hides("p", {"class": "a"})


def test_style_sheets_for_other_media_are_told_apart() -> None:
    assert is_for_screens({}) and is_for_screens({"media": "Screen"})
    assert not is_for_screens({"media": "print"})
