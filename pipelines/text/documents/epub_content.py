"""Opens the files of a book that its pages are made of: their text, lexicons and style sheets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pipelines.errors import UnreadableInput
from pipelines.text.pronunciation.lexicon import Lexicon

from .archive import Archive
from .page_encoding import decode_page
from .pronunciation_lexicon import read_lexicon
from .reading import Reading

#: Bytes of a page of which the encoding is looked for.
PAGE_BYTES = 1 << 22
_LEXICON_BYTES = 4 << 20
_STYLE_SHEET_BYTES = 4 << 20
_MAX_STYLE_SHEETS = 100


class BookContent:
    """The content of files in the archive, by their names; what several pages use is read once."""

    def __init__(self, archive: Archive, reading: Reading, warnings: list[str]) -> None:
        self._archive, self._reading, self._warnings = archive, reading, warnings
        self._lexicons: dict[str, Lexicon] = {}
        self._style_sheets: dict[str, str] = {}

    def read_text(self, name: str) -> Iterator[str]:
        """The characters of a page; the request's encoding is for pages that are not UTF-8 and have no mark."""
        return decode_page(
            lambda: self._archive.blocks(name),
            PAGE_BYTES,
            fallback=self._reading.options.encoding,
            language=self._reading.language,
        )

    def open_lexicon(self, name: str) -> Lexicon:
        """The pronunciations in a PLS file; none, and a warning, where it cannot be read."""
        if name not in self._lexicons:
            words: Mapping[str, str] = {}
            try:
                words = read_lexicon(self._archive.read(name, _LEXICON_BYTES), self._reading.language)
            except (UnreadableInput, KeyError):
                self._warnings.append(f"A pronunciation lexicon of the book could not be read: {name[:100]}.")
            self._lexicons[name] = Lexicon(words)
        return self._lexicons[name]

    def open_style_sheet(self, name: str) -> str:
        """The text of a style sheet; "" where there is none, and for the last ones of very many."""
        if name not in self._style_sheets:
            # Without it the page is shown as well, and read in full.
            has_room = name in self._archive and len(self._style_sheets) < _MAX_STYLE_SHEETS
            data = self._archive.read(name, _STYLE_SHEET_BYTES) if has_room else b""
            self._style_sheets[name] = data.decode("utf-8", "replace")
        return self._style_sheets[name]
