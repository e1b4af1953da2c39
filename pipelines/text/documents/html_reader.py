"""HTML files. Reads them twice: once to learn title, language and which headings divide the page, once for the text."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from pipelines.text.document import Document, chapter_level, chapters_from_headings, clean

from .encoding import BLOCK_BYTES, byte_blocks, decoded, detect, limited_text
from .html_blocks import PageFacts, html_blocks

_DECLARED = re.compile(rb"""(?:charset\s*=\s*["']?|encoding\s*=\s*["'])([A-Za-z0-9_.:-]{2,40})""")
#: Encodings of pages. Python has codecs that unpack archives and some that take time squared; UTF-16 without its mark
#: cannot have been read this far.
_CODECS = re.compile(r"utf-8|ascii|iso8859-\d+|cp\d+|koi8-[rut]|mac-\w+|tis-620|big5\w*|gb\w+|euc_\w+|shift_jis\w*")
#: A page may be this many times longer than the text that a job takes.
_MARKUP_FACTOR = 5


def read_file(path: Path, maximum_characters: int) -> Document:
    """An HTML file as a document. Raises `UnreadableInput` and what `html_blocks` raises."""
    facts = PageFacts()
    for _ in html_blocks(_text(path, maximum_characters), facts):
        pass
    level = chapter_level(facts.heading_counts)
    return Document(
        blocks=chapters_from_headings(html_blocks(_text(path, maximum_characters)), level),
        title=clean(facts.title or "") or None,
        author=clean(facts.author or "") or None,
        language=facts.language,
    )


def declared_codec(start: bytes) -> str | None:
    """The encoding that the first bytes of a page name, where Python knows it."""
    found = _DECLARED.search(start[:4096])
    if found is None:
        return None
    try:
        name = codecs.lookup(found.group(1).decode("ascii")).name
    except LookupError:
        return None
    return name if _CODECS.fullmatch(name) else None


def _text(path: Path, maximum_characters: int) -> Iterator[str]:
    first = next(byte_blocks(path), b"")
    codec = declared_codec(first)
    marked = first[:2] in (b"\xff\xfe", b"\xfe\xff") or first[:3] == b"\xef\xbb\xbf"
    if codec is None or marked:
        codec = detect(byte_blocks(path), 4 * _MARKUP_FACTOR * maximum_characters + BLOCK_BYTES)
    return limited_text(decoded(byte_blocks(path), codec, "replace"), _MARKUP_FACTOR * maximum_characters)
