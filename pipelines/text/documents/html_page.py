"""What the reader of a page of HTML knows of it beforehand, what the page says of itself, its elements. Values only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pipelines.text.pronunciation.lexicon import Lexicon
from pipelines.text.style import Style

from .inline_text import Mark


@dataclass(slots=True)
class PageMetadata:
    """The metadata of a page, filled while its blocks are read."""

    title: str | None = None
    author: str | None = None
    language: str | None = None
    heading_counts: dict[int, int] = field(default_factory=dict)
    #: Of the text in its blocks, and of that in links.
    characters: int = 0
    linked_characters: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """What the reader of a page knows beforehand."""

    #: The page's address, to which links of the document are resolved; "" for a document of one page.
    name: str = ""
    #: Ids of elements at which a chapter begins → its title.
    anchors: Mapping[str, str] = field(default_factory=dict)
    #: As its document states it; "" = not stated.
    media_type: str = ""
    #: The pronunciations and the style sheet in another file of the document, by its name.
    open_lexicon: Callable[[str], Lexicon] = field(default=lambda _: Lexicon({}))
    open_style_sheet: Callable[[str], str] = field(default=lambda _: "")


@dataclass(slots=True)
class OpenElement:
    """An open element, and what its end has to decide."""

    tag: str
    attributes: Mapping[str, str]
    #: Where its content begins, and in which block.
    mark: Mark
    block: int
    style: Style
    alphabet: str
    #: Where it, or a link within it, leads to in the document; "" = nowhere.
    address: str = ""

    @property
    def name(self) -> str:
        """The name by which links lead to the element; "" for none."""
        name = self.attributes.get("name") if self.tag != "meta" else None
        return self.attributes.get("id") or self.attributes.get("xml:id") or name or ""
