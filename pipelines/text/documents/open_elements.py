"""The open elements of a page: what they hand on to those within them, and how many there may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from langcodes import tag_is_valid

from pipelines.errors import BadInput
from pipelines.language_tags import primary_subtag, same_language
from pipelines.text.style import NEUTRAL_STYLE, Style

from . import html_rules
from .block_context import NOWHERE, ContextTracker
from .html_page import OpenElement
from .html_rules import BLOCKS
from .inline_text import Mark
from .reading import Reading
from .verse import is_verse

#: Open elements at once; real pages have less than fifty.
MAX_DEPTH = 2_000
#: Tags times open elements, over the whole page: a real one of 20 million characters has less than a tenth of it.
_MAX_WORK = 300_000_000
#: Links within one raised text.
_MOST_ADDRESSES = 16
#: Tags for text in an unknown language, in none, in several.
_NO_LANGUAGE = frozenset(["und", "zxx", "mul", "mis"])


class OpenElements:
    """The elements that have begun and not ended, from the outermost to the innermost one."""

    def __init__(self, context: ContextTracker, reading: Reading) -> None:
        self._context, self._reading = context, reading
        self._elements: list[OpenElement] = []
        self._work = 0

    def __len__(self) -> int:
        return len(self._elements)

    def __iter__(self) -> Iterator[OpenElement]:
        return iter(self._elements)

    @property
    def innermost(self) -> OpenElement | None:
        """The element that began last; None outside of all."""
        return self._elements[-1] if self._elements else None

    @property
    def style(self) -> Style:
        """The style of the text to come."""
        return self._elements[-1].style if self._elements else NEUTRAL_STYLE

    def count_work(self, tags: int) -> None:
        """Limit the work of the parser, which searches all open elements at a tag that matches none of them."""
        self._work += tags * len(self._elements)
        if self._work > _MAX_WORK:
            raise BadInput("The page opens elements without end and never closes them; it is not read.", field="file")

    def push(self, tag: str, attributes: Mapping[str, str], mark: Mark, block: int) -> OpenElement:
        """An element begins at a mark of a block's text. Raises `BadInput` for one that stands too deep."""
        outer = self.innermost
        alphabet = attributes.get("ssml:alphabet") or (outer.alphabet if outer else "ipa")
        around = self._context.surround(outer.surroundings if outer else NOWHERE, tag, attributes)
        verse = bool(outer and outer.is_verse) or is_verse(tag, attributes)
        raised = html_rules.is_raised(tag, attributes)
        style = self._find_style(tag, attributes)
        opened = OpenElement(tag, attributes, mark, block, style, alphabet, around, verse, raised)
        self._elements.append(opened)
        if len(self._elements) > MAX_DEPTH:
            raise BadInput(
                f"The page nests its elements more than {MAX_DEPTH:,} deep; no page for people does.", field="file"
            )
        return opened

    def pop(self) -> OpenElement | None:
        """The innermost element ends; None where none is open."""
        return self._elements.pop() if self._elements else None

    def is_in_cell(self, tag: str) -> bool:
        """Whether an element that is, or was, the innermost one is a paragraph in the cell of a table."""
        innermost = self.innermost
        outer = self._elements[-1:] if innermost is None or innermost.tag != tag else self._elements[-2:-1]
        return tag in ("p", "div") and bool(outer) and outer[0].tag in ("td", "th")

    def find_note_depth(self) -> int | None:
        """How many elements are open with the innermost block as the last one; None where that can be no note."""
        for depth in range(len(self._elements), 0, -1):
            if (tag := self._elements[depth - 1].tag) in BLOCKS:
                return depth if tag in html_rules.NOTE_BLOCKS else None
        return None

    def find_link_addresses(self) -> tuple[str, ...]:
        """Where the outermost link leads to in the document."""
        return next((outer.addresses for outer in self._elements if outer.tag == "a"), ())

    def hand_out_addresses(self, addresses: tuple[str, ...]) -> None:
        """A link within raised elements leads there: so do they."""
        for outer in self._elements:
            if outer.is_raised:
                outer.addresses = tuple(dict.fromkeys([*outer.addresses, *addresses]))[:_MOST_ADDRESSES]

    def _find_style(self, tag: str, attributes: Mapping[str, str]) -> Style:
        """The style of an element's text. The first language of a page is its document's where that names none."""
        language = attributes.get("xml:lang") or attributes.get("lang") or ""
        if not language or not tag_is_valid(language) or primary_subtag(language) in _NO_LANGUAGE:
            return self.style
        own = self._reading.language
        if own is None and tag in ("html", "body"):
            self._reading.language = own = language
        return NEUTRAL_STYLE if own and same_language(language, own) else Style(language=language)
