"""Parses SSML into a tree whose elements have a line and column. Knows XML and its unsafe features; no tag of SSML."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Any

from lxml import etree

from pipelines.errors import BadInput, InputTooLarge
from pipelines.text.documents.safe_xml import PARSER_OPTIONS, local_name

#: An hour of speech with a tag around every word has about ten thousand.
MAX_ELEMENTS = 200_000
MAX_DEPTH = 32
_DOCTYPE = re.compile(r"<!\s*DOCTYPE|<!ENTITY", re.I)
_START = re.compile(r"<[^\s<>/!?]")
#: Comments, CDATA sections and processing instructions contain no elements; attributes of a start tag may contain ">".
_TOKENS = re.compile(
    r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|(?P<start><[^\s<>/!?](?:[^<>\"']|\"[^\"]*\"|'[^']*')*>)", re.S
)

#: Line and column, both from 1.
Position = tuple[int, int]


class Tree:
    """A parsed document, with the position of each element in the text that the user sent."""

    def __init__(self, root: Any, positions: list[Position]) -> None:
        self.root = root
        elements = (element for element in root.iter() if isinstance(element.tag, str))
        self._positions: dict[Any, Position] = dict(zip(elements, positions, strict=False))

    def position(self, element: Any) -> Position:
        """Line and column of the element's first character."""
        return self._positions[element]


def ssml_error(position: Position, detail: str) -> BadInput:
    """The error for a position in SSML."""
    line, column = position
    return BadInput(f"SSML, line {line}, column {column}: {detail}", field="ssml")


def parse_ssml(text: str) -> Tree:
    """The tree of an SSML document.

    Raises `BadInput` with line and column for text that is not well-formed or is unsafe, `InputTooLarge` for too many
    tags.
    """
    newlines = [found.start() for found in re.finditer("\n", text)]

    def position_of(at: int) -> Position:
        line = bisect_right(newlines, at - 1)
        return line + 1, at - (newlines[line - 1] if line else -1)

    if declared := _DOCTYPE.search(text):
        raise ssml_error(position_of(declared.start()), "document types and entities are not read; remove them.")
    if sum(1 for _ in _START.finditer(text)) > MAX_ELEMENTS:
        raise InputTooLarge(f"The SSML has more than {MAX_ELEMENTS:,} tags, the most that is read.", field="ssml")
    try:
        # The encoding is fixed, so that a declaration in the text cannot name another one.
        root = etree.fromstring(text.encode("utf-8", "replace"), etree.XMLParser(encoding="utf-8", **PARSER_OPTIONS))
    except etree.XMLSyntaxError as error:
        line, column = error.position
        detail = (error.msg or "not well-formed").partition(", line ")[0]
        raise ssml_error((max(1, line or 1), max(1, column or 1)), f"{detail}.") from error
    # Only now: in a text that is not XML, the end of each "<!--" would be searched for.
    tree = Tree(root, [position_of(found.start()) for found in _TOKENS.finditer(text) if found.group("start")])
    _check_depth(tree)
    return tree


def _check_depth(tree: Tree) -> None:
    depth = 0
    for event, element in etree.iterwalk(tree.root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > MAX_DEPTH:
            raise ssml_error(
                tree.position(element), f"<{local_name(element)}> stands {depth} deep; {MAX_DEPTH} is the most."
            )
