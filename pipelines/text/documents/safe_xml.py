"""Parses untrusted XML: no entities, no network, no external files. Knows lxml; nothing of documents."""

from __future__ import annotations

import re
from html.entities import html5
from typing import Any

from lxml import etree

from pipelines.errors import BadInput, UnreadableInput

_ENTITY = re.compile(rb"<!ENTITY", re.I)
_WIDE_ENTITY = re.compile("<!ENTITY".encode("utf-16-le") + b"|" + "<!ENTITY".encode("utf-16-be"))
#: Characters by the names that HTML gives them; XML knows five of these.
_NAMED = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z][A-Za-z0-9]{1,31});")
#: An ampersand that should have been written as "&amp;".
_BARE = re.compile(rb"&(?!#?\w{1,32};)")

PARSER_OPTIONS: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}


def parse_xml(data: bytes, what: str) -> Any:
    """The root element. Damaged XML is recovered as far as possible; `what` names the input in messages.

    Raises `BadInput` for XML that declares entities or exhausts the parser, `UnreadableInput` where there is no root.
    """
    refuse_entities(data, what)
    data = _NAMED.sub(_write_number, data)
    try:
        return _check_root(etree.fromstring(data, etree.XMLParser(**PARSER_OPTIONS)), what)
    except etree.XMLSyntaxError as error:
        # Strict first: recovery silently turns an entity bomb into an empty document.
        if "amplification" in str(error) or "depth" in str(error):
            raise BadInput(
                f"{what} is built to exhaust its reader ({error.msg}); it is not read.", field="file"
            ) from error
    try:
        root = etree.fromstring(_BARE.sub(b"&amp;", data), etree.XMLParser(recover=True, **PARSER_OPTIONS))
    except etree.XMLSyntaxError as error:
        raise UnreadableInput(f"{what} is not XML: {error.msg}.", field="file") from error
    if root is None:
        raise UnreadableInput(f"{what} is not XML.", field="file")
    return _check_root(root, what)


def refuse_entities(data: bytes, what: str) -> None:
    """Raises `BadInput` where a document type declares entities: books do not need them, XML attacks do."""
    if _ENTITY.search(data) or _WIDE_ENTITY.search(data):
        raise declared_entities_error(what)


def declared_entities_error(what: str) -> BadInput:
    """The error for entity declarations in `what`."""
    return BadInput(
        f"{what} declares XML entities, which are never read here; remove its <!ENTITY …> lines.", field="file"
    )


def _write_number(found: re.Match[bytes]) -> bytes:
    """A named character by its number; names that HTML does not have stay as they are."""
    characters = html5.get(f"{found.group(1).decode('ascii')};", "")
    return "".join(f"&#{ord(character)};" for character in characters).encode("ascii") or found.group()


def local_name(element: Any) -> str:
    """The tag without namespace or prefix; "" for comments and processing instructions."""
    return element.tag.rpartition("}")[2].rpartition(":")[2] if isinstance(element.tag, str) else ""


def _check_root(root: Any, what: str) -> Any:
    internal = root.getroottree().docinfo.internalDTD
    if internal is not None and any(True for _ in internal.iterentities()):
        raise declared_entities_error(what)
    return root
