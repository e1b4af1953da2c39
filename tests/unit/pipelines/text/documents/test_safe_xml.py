"""XML without entities, network and bombs."""

from __future__ import annotations

import pytest

from pipelines.errors import BadInput, UnreadableInput
from pipelines.text.documents.safe_xml import local_name, parse_xml

BOMB = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;">]><a>&y;</a>"""


def test_local_name_has_no_namespace() -> None:
    root = parse_xml(b'<a xmlns="urn:x"><!-- c --><b/></a>', "It")
    assert [local_name(element) for element in root.iter()] == ["a", "", "b"]


@pytest.mark.parametrize("data", [BOMB, BOMB.decode().encode("utf-16"), BOMB.replace(b"ENTITY", b"ENTITY %")])
def test_declared_entities_are_refused(data: bytes) -> None:
    with pytest.raises(BadInput, match="It declares XML entities"):
        parse_xml(data, "It")


def test_a_document_type_without_entities_is_fine() -> None:
    data = b'<!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" "http://www.daisy.org/z3986/2005/ncx-2005-1.dtd"><ncx/>'
    assert local_name(parse_xml(data, "It")) == "ncx"


def test_a_damaged_file_is_read_as_far_as_it_goes() -> None:
    assert [local_name(element) for element in parse_xml(b"<a><b>x & y</b><c></a>", "It").iter()] == ["a", "b", "c"]


@pytest.mark.parametrize("data", [b"", b"no xml at all", b"\x00\x01"])
def test_what_is_no_xml_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableInput, match="not XML"):
        parse_xml(data, "It")


def test_elements_nested_without_end_are_refused() -> None:
    with pytest.raises(BadInput, match="exhaust"):
        parse_xml(b"<a>" * 100_000, "It")


def test_characters_that_html_names_and_bare_ampersands_are_read() -> None:
    assert parse_xml(b"<a>caf&eacute; &amp; T&c, R & D &bogus;</a>", "It").text.startswith("café & T&c, R & D")
    assert parse_xml(b'<a href="x&amp;y?a&b"/>', "It").get("href") == "x&y?a&b"
