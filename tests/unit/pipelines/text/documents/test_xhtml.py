"""XHTML made readable for a parser of HTML."""

from __future__ import annotations

import pytest

from pipelines.text.documents.xhtml import close_empty_elements, is_xhtml


def close(page: str, size: int = 1 << 16) -> str:
    return "".join(close_empty_elements(page[at : at + size] for at in range(0, len(page), size)))


@pytest.mark.parametrize(
    ("start", "media_type", "expected"),
    [
        ("<p>", "application/xhtml+xml", True),
        ('<?xml version="1.0"?><html>', "", True),
        ('<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "x"><html>', "", True),
        ('<!-- x --><html lang="en" xmlns="http://www.w3.org/1999/xhtml">', "text/html", True),
        ("<h:html xmlns:h='http://www.w3.org/1999/xhtml'>", "", True),
        ("<!DOCTYPE html><html><p>", "", False),
        ("just text", "text/html", False),
    ],
)
def test_a_page_is_xhtml_by_its_type_or_its_declaration(start: str, media_type: str, expected: bool) -> None:
    assert is_xhtml(start, media_type) is expected


@pytest.mark.parametrize("size", [1, 2, 5, 17, 1 << 16])
def test_closed_elements_get_an_end_and_void_ones_stay(size: int) -> None:
    page = """<script src="a/b>c"/><title/><a id='x' /><br/><img alt="/"/><p class="a/">x</p>1 < 2 > 0 <Style/>"""
    assert close(page, size) == (
        """<script src="a/b>c"></script><title></title><a id='x' ></a><br/><img alt="/"/><p class="a/">x</p>"""
        "1 < 2 > 0 <Style></Style>"
    )


@pytest.mark.parametrize("size", [1, 3, 8, 1 << 16])
def test_sections_of_cdata_are_text_and_comments_are_left_out(size: int) -> None:
    page = "a<![CDATA[<b/> & ]] ]]>c<!-- <d/> -- ><e> --><?php <f/> ?>g<![CDATA[]]>"
    assert close(page, size) == "a&lt;b/&gt; &amp; ]] cg"


def test_an_unfinished_section_or_tag_keeps_its_text() -> None:
    assert close("a<![CDATA[b < c") == "ab &lt; c"
    assert close("a<p class=") == "a<p class="


@pytest.mark.parametrize("size", [1, 4, 1 << 16])
def test_prefixes_of_known_namespaces_are_dropped_and_others_are_kept(size: int) -> None:
    page = (
        '<r xmlns:h="http://www.w3.org/1999/xhtml" xmlns:o="urn:other"><h:p a="h:p">x</h:p><h:br/><h:i/><o:p/>'
        "<m:math></m:math><epub:case>y</epub:case></r>"
    )
    assert close(page, size) == (
        '<r xmlns:h="http://www.w3.org/1999/xhtml" xmlns:o="urn:other"><p a="h:p">x</p><br/><i></i><o:p></o:p>'
        "<math></math><epub:case>y</epub:case></r>"
    )


@pytest.mark.parametrize("size", [1, 4, 1 << 16])
def test_other_prefixes_for_the_namespaces_of_epub_become_the_usual_ones(size: int) -> None:
    page = (
        '<html xmlns:ops="http://www.idpf.org/2007/ops" xmlns:s="http://www.w3.org/2001/10/synthesis">'
        '<ops:switch/><i ops:type="noteref" s:ph="x" t="a ops:b">1</i></html>'
    )
    assert close(page, size).endswith(
        '<epub:switch></epub:switch><i epub:type="noteref" ssml:ph="x" t="a ops:b">1</i></html>'
    )


def test_a_page_of_unfinished_tags_is_passed_on_in_flat_memory() -> None:
    pieces = ["<a " + "b" * 65_536] * 20
    assert sum(map(len, close_empty_elements(pieces))) == sum(map(len, pieces))
