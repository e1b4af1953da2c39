"""XML from strangers: no entities, no network, no external files. Knows lxml; nothing of documents."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from pipelines.errors import BadInput, UnreadableInput

_ENTITY = re.compile(rb"<!ENTITY", re.I)
_WIDE_ENTITY = re.compile("<!ENTITY".encode("utf-16-le") + b"|" + "<!ENTITY".encode("utf-16-be"))

OPTIONS: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}


def parse(data: bytes, what: str) -> Any:
    """The root element. A damaged file is read as far as it makes sense.

    Raises `BadInput` for XML that declares entities, `UnreadableInput` for what has no root.
    """
    refuse_entities(data, what)
    try:
        return _root(etree.fromstring(data, etree.XMLParser(**OPTIONS)), what)
    except etree.XMLSyntaxError as error:
        # Strict first: recovery turns an entity bomb into an empty document without a word.
        if "amplification" in str(error) or "depth" in str(error):
            raise BadInput(
                f"{what} is built to exhaust its reader ({error.msg}); it is not read.", field="file"
            ) from error
    try:
        root = etree.fromstring(data, etree.XMLParser(recover=True, **OPTIONS))
    except etree.XMLSyntaxError as error:
        raise UnreadableInput(f"{what} is not XML: {error.msg}.", field="file") from error
    if root is None:
        raise UnreadableInput(f"{what} is not XML.", field="file")
    return _root(root, what)


def refuse_entities(data: bytes, what: str) -> None:
    """Raises `BadInput` where a document type declares entities: no book needs them, every XML attack does."""
    if _ENTITY.search(data) or _WIDE_ENTITY.search(data):
        raise entities_declared(what)


def entities_declared(what: str) -> BadInput:
    """The one message about entity declarations."""
    return BadInput(
        f"{what} declares XML entities, which are never read here; remove its <!ENTITY …> lines.", field="file"
    )


def local_name(element: Any) -> str:
    """The tag without its namespace, known or not; "" for comments and processing instructions."""
    return element.tag.rpartition("}")[2].rpartition(":")[2] if isinstance(element.tag, str) else ""


def _root(root: Any, what: str) -> Any:
    internal = root.getroottree().docinfo.internalDTD
    if internal is not None and any(True for _ in internal.iterentities()):
        raise entities_declared(what)
    return root
