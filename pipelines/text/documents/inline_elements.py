"""Decides at the end of an element within a line, by what was in it, whether and how it is read.

A page number, the reference of a note, a power, the first letter of a word: their text says which they are.
"""

from __future__ import annotations

from pipelines.text.pronunciation.x_sampa import to_ipa

from . import html_rules
from .block_builder import BlockBuilder
from .html_page import OpenElement
from .html_rules import Omission
from .omitted_elements import OmittedElements
from .superscript import read_superscript
from .verse import is_bullet

#: The content of an element that may be left out is at most this long.
_LIKELY_CHARACTERS = 24


class InlineElements:
    """Ends elements within the block that is open."""

    def __init__(self, builder: BlockBuilder, omitted: OmittedElements) -> None:
        self._builder, self._omitted = builder, omitted

    def end(self, opened: OpenElement) -> None:
        """An element that is no block ends."""
        inline = self._builder.inline
        self.pronounce(opened)
        if len(inline) - opened.mark.position > 2 * _LIKELY_CHARACTERS:
            return
        content = inline.since(opened.mark)
        if len(content) > _LIKELY_CHARACTERS:
            return
        likely = html_rules.find_likely_omission(opened.tag, opened.attributes)
        if opened.addresses:
            self._builder.open.hand_out_addresses(opened.addresses)
            if html_rules.is_reference(content):
                likely = Omission.NOTE_REFERENCE
        if is_bullet(opened.attributes, content):
            inline.cut(opened.mark)
        elif likely is not None and html_rules.looks_like(likely, content):
            self._omitted.cut(opened, likely)
        elif opened.is_raised and content:
            self._read_raised(opened, content)
        elif html_rules.is_drop_cap(opened.tag, opened.attributes) and html_rules.is_single_letter(content):
            inline.join(drops_space=html_rules.is_consonant(content))

    def pronounce(self, opened: OpenElement) -> None:
        """Give the text of an element the phonemes that it names, in one of the alphabets that are known."""
        phonemes, alphabet = opened.attributes.get("ssml:ph", "").strip(), opened.alphabet.strip().lower()
        if phonemes and alphabet in ("ipa", "x-sampa"):
            self._builder.annotate(opened, to_ipa(phonemes) if alphabet == "x-sampa" else phonemes)

    def cut_if_likely(self, opened: OpenElement) -> None:
        """Leave out a block that is what its class says: a page number, a line number."""
        inline = self._builder.inline
        likely = html_rules.find_likely_omission(opened.tag, opened.attributes)
        if likely is None or not inline.text or len(inline) - opened.mark.position > _LIKELY_CHARACTERS:
            return
        if html_rules.looks_like(likely, inline.since(opened.mark)):
            self._omitted.cut(opened, likely)

    def _read_raised(self, opened: OpenElement, content: str) -> None:
        inline = self._builder.inline
        linked = opened.addresses or self._builder.open.find_link_addresses()
        text = read_superscript(content, inline.before(opened.mark), is_linked=bool(linked))
        if text is None:
            opened.addresses = linked
            self._omitted.cut(opened, Omission.NOTE_REFERENCE)
        elif text != content:
            inline.cut(opened.mark)
            inline.append(text, opened.style)
