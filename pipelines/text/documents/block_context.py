"""Where the text of one block stands: in links, in a list, in the main part of a page. Knows names of elements."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.I)
_CONTEXTS = frozenset(["a", "ul", "ol", "menu", "list", "table", "pre", "main"])


@dataclass(frozen=True, slots=True)
class BlockContext:
    """`list_number`: of the outermost list around it on its page, 0 = none."""

    #: Characters in links, in those within the document, to its other pages, and within the page.
    linked: int = 0
    linked_inside: int = 0
    linked_to_pages: int = 0
    linked_here: int = 0
    list_number: int = 0
    is_in_main: bool = False


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is around an element, or begins with it."""

    #: The target of the link; "" = none.
    link: str = ""
    list_number: int = 0
    is_in_main: bool = False


NOWHERE = Surroundings()


class ContextTracker:
    """Collects the context of one block after another."""

    def __init__(self, page_name: str) -> None:
        self._page_name = page_name.rpartition("/")[2]
        self._lists = 0
        self._inside, self._to_pages, self._here, self._linked = 0, 0, 0, 0
        self._last = NOWHERE

    def surround(self, outer: Surroundings, tag: str, attributes: Mapping[str, str]) -> Surroundings:
        """What is around the content of an element."""
        if tag not in _CONTEXTS and "role" not in attributes:
            return outer
        link, number, is_in_main = outer.link, outer.list_number, outer.is_in_main
        if tag == "a" and attributes.get("href"):
            link = attributes["href"]
        elif tag in ("ul", "ol", "menu", "list") and not number:
            self._lists += 1
            number = self._lists
        elif tag in ("table", "pre"):
            number = 0
        is_in_main = is_in_main or tag == "main" or attributes.get("role") == "main"
        if (link, number, is_in_main) == (outer.link, outer.list_number, outer.is_in_main):
            return outer
        return Surroundings(link, number, is_in_main)

    def add(self, characters: int, surroundings: Surroundings) -> None:
        """Text of the block."""
        self._last = surroundings
        if not surroundings.link:
            return
        self._linked += characters
        if _SCHEME.match(surroundings.link):
            return
        self._inside += characters
        page = surroundings.link.partition("#")[0]
        if not page or page == self._page_name:
            self._here += characters
        else:
            self._to_pages += characters

    def take(self) -> BlockContext:
        """The context of the block, which ends."""
        last = self._last
        taken = BlockContext(self._linked, self._inside, self._to_pages, self._here, last.list_number, last.is_in_main)
        self._inside, self._to_pages, self._here, self._linked = 0, 0, 0, 0
        self._last = NOWHERE
        return taken
