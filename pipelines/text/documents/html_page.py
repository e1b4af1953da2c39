"""What the reader of a page of HTML knows of it beforehand, what the page says of itself, its elements. Values only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pipelines.text.pronunciation.lexicon import Lexicon
from pipelines.text.style import Style

from .block_context import NOWHERE, BlockContext, Surroundings
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
    #: In links to other pages of the document, and how many blocks have some.
    page_link_characters: int = 0
    page_links: int = 0
    has_contents_title: bool = False
    #: In `<main>`, of which there is one at most; and whether the page's own title stands outside of it.
    main_characters: int = 0
    has_title_outside: bool = False

    def add(self, text: str, context: BlockContext, heading: int | None) -> None:
        """Count a block; `heading`: its level, None for a paragraph."""
        characters = len(text)
        self.characters += characters
        self.linked_characters += context.linked
        if not text.endswith((".", "!", "?")):
            # "If you open the door, turn to page 5." is text.
            self.page_link_characters += context.linked_to_pages
            self.page_links += context.linked_to_pages > 0
        self.main_characters += characters * context.is_in_main
        self.has_title_outside |= heading == 1 and not context.is_in_main

    @property
    def is_main_the_text(self) -> bool:
        """Whether what stands outside of `<main>` is none of the text."""
        return 2 * self.main_characters > self.characters and not self.has_title_outside


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
    #: Whether only `<main>` is read.
    reads_main_only: bool = False


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
    surroundings: Surroundings = NOWHERE
    #: Whether it is a poem or a stanza, or in one.
    is_verse: bool = False
    #: Whether its text stands above the line.
    is_raised: bool = False
    #: Where it, and links within raised text, lead to in the document.
    addresses: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name by which links lead to the element; "" for none."""
        if not self.attributes:
            return ""
        name = self.attributes.get("name") if self.tag != "meta" else None
        return self.attributes.get("id") or self.attributes.get("xml:id") or name or ""
