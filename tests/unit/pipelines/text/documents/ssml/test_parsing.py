"""SSML as a tree whose elements have positions."""

from __future__ import annotations

import pytest

from pipelines.errors import BadInput
from pipelines.text.documents.ssml.parsing import MAX_DEPTH, parse_ssml


def test_elements_have_the_position_of_their_start_tag() -> None:
    tree = parse_ssml("<speak>\n <!-- <p> -->\n  <p a='>'>x</p><![CDATA[<s>]]>\n<s/></speak>")
    positions = {element.tag: tree.position(element) for element in tree.root.iter() if isinstance(element.tag, str)}
    assert positions == {"speak": (1, 1), "p": (3, 3), "s": (4, 1)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<speak>\n<p></speak>", "line 2, column"),
        ("<!DOCTYPE speak><speak/>", "line 1, column 1: document types"),
        ('<speak>\n <!ENTITY a "b"></speak>', "line 2, column 2: document types and entities"),
        ("hello", "line 1, column 1"),
    ],
)
def test_unsafe_or_malformed_text_is_refused_with_its_position(text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message) as raised:
        parse_ssml(text)
    assert raised.value.field == "ssml"


def test_nesting_is_limited() -> None:
    inner = MAX_DEPTH - 1
    parse_ssml("<speak>" + "<p>" * inner + "</p>" * inner + "</speak>")
    with pytest.raises(BadInput, match=f"{MAX_DEPTH} is the most"):
        parse_ssml("<speak>" + "<p>" * MAX_DEPTH + "</p>" * MAX_DEPTH + "</speak>")
