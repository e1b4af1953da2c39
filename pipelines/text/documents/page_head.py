"""Reads the head of a page: title, author, language, and the lexicons and style sheets that it links to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from langcodes import tag_is_valid

from pipelines.language_tags import same_language

from .block_output import BlockOutput
from .html_page import OpenElement, Page, PageMetadata
from .reading import Reading
from .references import resolve_reference
from .style_sheets import StyleRules, is_for_screens

_MAX_TITLE_CHARACTERS = 500


class PageHead:
    """Fills what other readers of the page use."""

    def __init__(
        self, metadata: PageMetadata, page: Page, reading: Reading, styles: StyleRules, output: BlockOutput
    ) -> None:
        self._metadata, self._page, self._reading = metadata, page, reading
        self._styles, self._output = styles, output
        self._is_in_title = False

    def start(self, tag: str, attributes: Mapping[str, str], opened: Iterable[OpenElement]) -> None:
        """An element begins; `opened`: those that are open, with itself."""
        metadata = self._metadata
        if tag == "title" and metadata.title is None and all(outer.tag != "svg" for outer in opened):
            self._is_in_title = True
        elif tag == "html" or (tag == "body" and metadata.language is None):
            metadata.language = attributes.get("lang") or attributes.get("xml:lang") or metadata.language
        elif tag == "meta" and attributes.get("name", "").lower() == "author":
            metadata.author = attributes.get("content") or metadata.author
        elif tag == "link":
            self._read_link(attributes)

    def end(self) -> None:
        """An element ends."""
        self._is_in_title = False

    def add(self, text: str) -> None:
        """Text of the page."""
        if self._is_in_title and len(self._metadata.title or "") < _MAX_TITLE_CHARACTERS:
            self._metadata.title = (self._metadata.title or "") + text

    def _read_link(self, attributes: Mapping[str, str]) -> None:
        relations, href = attributes.get("rel", "").lower().split(), attributes.get("href", "")
        if not href or "://" in href:
            return
        name = resolve_reference(self._page.name, href)
        if "pronunciation" in relations and self._fits(attributes.get("hreflang", "")):
            self._output.add_lexicon(self._page.open_lexicon(name))
        elif "stylesheet" in relations and "alternate" not in relations and is_for_screens(attributes):
            self._styles.add(self._page.open_style_sheet(name))

    def _fits(self, language: str) -> bool:
        """Whether a lexicon for a language is for this document."""
        own = self._reading.language
        return not (language and own and tag_is_valid(language)) or same_language(language, own)
