"""The notes of a document: what refers to them, and which elements they are. Knows addresses; nothing of elements."""

from __future__ import annotations

from urllib.parse import unquote

from .reading import Reading
from .references import resolve_reference


class NoteReferences:
    """The references of one page. Addresses are "page#id"."""

    def __init__(self, page_name: str, reading: Reading) -> None:
        self._page_name, self._reading = page_name, reading

    @property
    def reads_notes_elsewhere(self) -> bool:
        """Whether notes are collected where they stand, and read in another place."""
        return self._reading.options.notes == "end" or self._reading.is_collecting

    def resolve(self, href: str) -> str:
        """The address of a link's target in the document; "" for what leads out of it."""
        name, mark, fragment = href.partition("#")
        if not mark or not fragment or "://" in name:
            return ""
        page = resolve_reference(self._page_name, name) if name else self._page_name
        return f"{page}#{unquote(fragment)}"

    def address(self, name: str) -> str:
        """The address of an element of this page, by its id; "" for none."""
        return f"{self._page_name}#{name}" if name else ""

    def is_note(self, name: str) -> bool:
        """Whether a note was referred to by the address of this element."""
        return self.address(name) in self._reading.note_addresses

    def refer(self, address: str) -> str:
        """A note is referred to. Returns its text where it is to be read there."""
        self._reading.note_addresses.add(address)
        is_read = self._reading.options.notes == "inline" and not self._reading.is_collecting
        return self._reading.notes.get(address, "") if is_read else ""
