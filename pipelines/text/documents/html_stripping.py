"""Removes from HTML what its parser would take too long over: comments, declarations, scripts and styles.

libxml2 needs quadratic time for unfinished ones. Works on a stream of pieces, in flat memory; knows no elements.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from pipelines.errors import BadInput

from .safe_xml import declared_entities_error

#: Characters of one tag with its attributes, which may contain pictures as text.
_MAX_TAG_CHARACTERS = 8 << 20
_CONSTRUCT = re.compile(r"<(?:!--|!(?=[^-]|-[^-])|\?|(?:script|style)(?=[\s/>]))", re.I | re.S)
_MAX_STYLE_CHARACTERS = 1 << 20
_LONGEST_START = len("<script ")


def strip_constructs(pieces: Iterable[str], add_style_sheet: Callable[[str], None] | None = None) -> Iterator[str]:
    """The page without comments, declarations, processing instructions, scripts and styles.

    `add_style_sheet` gets the text of each style, before what follows it is passed on. Raises `BadInput` for declared
    entities and for an endless tag.
    """
    held, ending, in_tag = "", "", 0
    style = _StyleSheet(add_style_sheet)
    for piece in pieces:
        text, ready, at = held + piece.replace("\0", " "), [], 0
        while at < len(text):
            if ending:
                begin, construct = at, ending
                at, ending = _skip(text, at, ending)
                if construct == "style":
                    style.add(text[begin : max(begin, at - _LONGEST_ENDING) if ending else at], is_complete=not ending)
                if ending:
                    at = begin
                    break
                continue
            found = _CONSTRUCT.search(text, at)
            end = found.start() if found else len(text) - _count_undecided(text, at)
            ready.append(text[at:end])
            if found is None:
                at = end
                break
            at, ending = found.end(), _TERMINATORS.get(found.group()) or found.group()[1:].lower()
        # The beginning of a construct, or of the end of one, waits for the next piece.
        held = text[max(at, len(text) - _LONGEST_ENDING) :] if ending else text[at:]
        stripped = "".join(ready)
        in_tag = _measure_tag(stripped, in_tag)
        yield stripped
    if held and not ending:
        yield held


class _StyleSheet:
    """The text of a style, which comes in pieces."""

    def __init__(self, add: Callable[[str], None] | None) -> None:
        self._add, self._parts, self._size = add, list[str](), 0

    def add(self, text: str, *, is_complete: bool) -> None:
        if self._add is not None and self._size < _MAX_STYLE_CHARACTERS:
            self._parts.append(text)
            self._size += len(text)
        if is_complete and self._add is not None:
            self._add("".join(self._parts).partition(">")[2])
            self._parts, self._size = [], 0


#: Start of a construct → its end; scripts and styles have end tags.
_TERMINATORS = {"<!--": "-->", "<!": ">", "<?": ">"}
_END_TAGS = {name: re.compile(f"</{name}[^>]*>", re.I) for name in ("script", "style")}
_LONGEST_ENDING = 16


def _skip(text: str, at: int, ending: str) -> tuple[int, str]:
    """(end of the construct, ""), or (end of the text, the ending that is still to come)."""
    if ending in _END_TAGS:
        found = _END_TAGS[ending].search(text, at)
        return (found.end(), "") if found else (len(text), ending)
    end = text.find(ending, at)
    stop = end if end >= 0 else len(text)
    if ending != "-->":
        # A document type with a subset, "<!DOCTYPE html [ … ]>", holds declarations that end with ">" themselves.
        if "<!ENTITY" in text[max(0, at - _LONGEST_ENDING) : stop].upper():
            raise declared_entities_error("The page")
        if ending == ">" and "[" in text[at:stop]:
            return _skip(text, at, "]>")
    return (end + len(ending), "") if end >= 0 else (len(text), ending)


def _count_undecided(text: str, at: int) -> int:
    """The number of characters at the end of the text that may begin a construct."""
    start = text.rfind("<", max(at, len(text) - _LONGEST_START))
    return len(text) - start if start >= 0 and ">" not in text[start:] else 0


def _measure_tag(text: str, before: int) -> int:
    """Characters of the tag that is still open at the end of `text`, 0 for none; `before`: those in earlier pieces."""
    opened, closed = text.rfind("<"), text.rfind(">")
    length = len(text) - opened if opened > closed else (before + len(text) if before and closed < 0 else 0)
    if length > _MAX_TAG_CHARACTERS:
        raise BadInput(f"The page holds a tag of more than {_MAX_TAG_CHARACTERS:,} characters.", field="file")
    return length
