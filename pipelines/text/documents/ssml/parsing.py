"""SSML text as a tree whose elements know their line and column. Knows XML and what of it is unsafe; no tag of SSML."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Any

from lxml import etree

from pipelines.errors import BadInput, InputTooLarge
from pipelines.text.documents.safe_xml import OPTIONS, local_name

#: An hour of speech with a tag around every word has about ten thousand.
MOST_ELEMENTS = 200_000
DEEPEST = 32
_DOCTYPE = re.compile(r"<!\s*DOCTYPE|<!ENTITY", re.I)
_START = re.compile(r"<[^\s<>/!?]")
#: Comments, CDATA sections and processing instructions hold no elements; a start tag's attributes may hold ">".
_TOKENS = re.compile(
    r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|(?P<start><[^\s<>/!?](?:[^<>\"']|\"[^\"]*\"|'[^']*')*>)", re.S
)

#: Line and column, both from 1.
Place = tuple[int, int]


class Tree:
    """A parsed document. `place` says where an element begins in what the user sent."""

    def __init__(self, root: Any, places: list[Place]) -> None:
        self.root = root
        elements = (element for element in root.iter() if isinstance(element.tag, str))
        self._places = dict(zip(elements, places, strict=False))

    def place(self, element: Any) -> Place:
        """Line and column of the element's first character."""
        return self._places[element]


def refused(place: Place, detail: str) -> BadInput:
    """The one shape of message about a place in SSML."""
    line, column = place
    return BadInput(f"SSML, line {line}, column {column}: {detail}", field="ssml")


def parse(text: str) -> Tree:
    """The tree of an SSML document. Raises `BadInput` with line and column for what is not well-formed or unsafe."""
    newlines = [found.start() for found in re.finditer("\n", text)]

    def place(at: int) -> Place:
        line = bisect_right(newlines, at - 1)
        return line + 1, at - (newlines[line - 1] if line else -1)

    if declared := _DOCTYPE.search(text):
        raise refused(place(declared.start()), "document types and entities are not read; remove them.")
    if sum(1 for _ in _START.finditer(text)) > MOST_ELEMENTS:
        raise InputTooLarge(f"The SSML has more than {MOST_ELEMENTS:,} tags, the most that is read.", field="ssml")
    try:
        # The encoding is said, so that a declaration in the text cannot say another one.
        root = etree.fromstring(text.encode("utf-8", "replace"), etree.XMLParser(encoding="utf-8", **OPTIONS))
    except etree.XMLSyntaxError as error:
        line, column = error.position
        detail = (error.msg or "not well-formed").partition(", line ")[0]
        raise refused((max(1, line or 1), max(1, column or 1)), f"{detail}.") from error
    # Only now: in a text that is no XML, each "<!--" would be looked for its end.
    tree = Tree(root, [place(found.start()) for found in _TOKENS.finditer(text) if found.group("start")])
    _check_depth(tree)
    return tree


def _check_depth(tree: Tree) -> None:
    depth = 0
    for event, element in etree.iterwalk(tree.root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > DEEPEST:
            raise refused(tree.place(element), f"<{local_name(element)}> stands {depth} deep; {DEEPEST} is the most.")
