"""Comments, declarations, scripts and styles are removed from HTML before it is parsed."""

from __future__ import annotations

import pytest

from pipelines.errors import BadInput
from pipelines.text.documents.html_stripping import strip_constructs


def strip(text: str, size: int) -> str:
    return "".join(strip_constructs(text[start : start + size] for start in range(0, len(text), size)))


@pytest.mark.parametrize("size", [1, 3, 1_000])
@pytest.mark.parametrize(
    ("page", "left"),
    [
        ("<p>a<!-- <p>never</p> -->b", "<p>ab"),
        ("<!DOCTYPE html [ <!ELEMENT a (b)> ]><p>a", "<p>a"),
        ("<?xml version='1.0'?><p>a", "<p>a"),
        ("a<script>if (1 < 2) x('<p>')</script >b<STYLE>p > a {}</STYLE>c", "abc"),
        ("a<scripture>b", "a<scripture>b"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("a<!-- without an end", "a"),
    ],
)
def test_constructs_are_removed_however_the_page_arrives(page: str, left: str, size: int) -> None:
    assert strip(page, size) == left


@pytest.mark.parametrize("size", [1, 1_000])
def test_declared_entities_are_refused(size: int) -> None:
    with pytest.raises(BadInput, match="entities"):
        strip('<!DOCTYPE html [<!ENTITY a "b">]><p>&a;', size)


def test_endless_tag_is_refused() -> None:
    with pytest.raises(BadInput, match="tag of more than"):
        for _ in strip_constructs(["<p ", *["a" * (1 << 20)] * 9]):
            pass
