"""Recognises the elements of poems, and marks before the items of a list, by names and styles. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Mapping

_VERSE = re.compile(r"(?:poem|poetry|stanza|strophe|verse-?group|line-?group|lg)(?:-?container)?")
_KINDS = re.compile(r"(?:z3998:)?(?:poem|verse|song|hymn|lyrics)")
_TAGS = frozenset(["poem", "linegroup"])
#: What may hold one line of a poem.
_LINES = frozenset(["p", "div", "line", "dd", "li"])
_IGNORED = re.compile(r"mso-list\s*:\s*ignore", re.I)
_NUMBER = re.compile(r"\(?(?:\d{1,3}|[A-Za-z]|[ivxlcIVXLC]+)(?:\.\d{1,3})*[.)]|\d{1,3}(?:\.\d{1,3})*")


def is_verse(tag: str, attributes: Mapping[str, str]) -> bool:
    """Whether an element is a poem, or a stanza of one."""
    if tag in _TAGS or not attributes:
        return tag in _TAGS
    if any(_KINDS.fullmatch(word) for word in (attributes.get("epub:type") or "").split()):
        return True
    return tag != "body" and any(_VERSE.fullmatch(word) for word in (attributes.get("class") or "").lower().split())


def is_line(tag: str, attributes: Mapping[str, str]) -> bool:
    """Whether an element within a poem may be one of its lines, rather than the poem or a stanza."""
    return tag in _LINES and not is_verse(tag, attributes)


def is_bullet(attributes: Mapping[str, str], content: str) -> bool:
    """Whether text is the sign before an item of a list, as Word writes it; a number is none."""
    return _IGNORED.search(attributes.get("style") or "") is not None and _NUMBER.fullmatch(content) is None
