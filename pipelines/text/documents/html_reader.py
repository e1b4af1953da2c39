"""Reads HTML files, twice: first for title, language and the heading level of chapters, then for the text."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from pipelines.pipeline import Limits
from pipelines.text.document import Document, clean_text, find_chapter_level, insert_chapters

from .encoding import BLOCK_BYTES, decode_blocks, detect_encoding, limit_text, read_blocks
from .html_blocks import PageMetadata, parse_html

_DECLARED = re.compile(rb"""(?:charset\s*=\s*["']?|encoding\s*=\s*["'])([A-Za-z0-9_.:-]{2,40})""")
#: Codecs that a page may name. Other codecs of Python unpack archives or take quadratic time; a page in UTF-16 without
#: its mark could not have been read up to its declaration.
_CODECS = re.compile(r"utf-8|ascii|iso8859-\d+|cp\d+|koi8-[rut]|mac-\w+|tis-620|big5\w*|gb\w+|euc_\w+|shift_jis\w*")
#: A page may be this many times longer than the longest text of a job.
_MARKUP_FACTOR = 5


def read_file(path: Path, limits: Limits) -> Document:
    """An HTML file as a document. Raises `UnreadableInput` and what `parse_html` raises."""
    metadata = PageMetadata()
    for _ in parse_html(_read_text(path, limits.text_characters), metadata):
        pass
    level = find_chapter_level(metadata.heading_counts)
    return Document(
        blocks=insert_chapters(parse_html(_read_text(path, limits.text_characters)), level),
        title=clean_text(metadata.title or "") or None,
        author=clean_text(metadata.author or "") or None,
        language=metadata.language,
    )


def find_declared_encoding(start: bytes) -> str | None:
    """The Python codec of the encoding that the first bytes of a page declare; None for none and for unknown ones."""
    found = _DECLARED.search(start[:4096])
    if found is None:
        return None
    try:
        name = codecs.lookup(found.group(1).decode("ascii")).name
    except LookupError:
        return None
    return name if _CODECS.fullmatch(name) else None


def _read_text(path: Path, maximum_characters: int) -> Iterator[str]:
    first = next(read_blocks(path), b"")
    codec = find_declared_encoding(first)
    has_mark = first[:2] in (b"\xff\xfe", b"\xfe\xff") or first[:3] == b"\xef\xbb\xbf"
    if codec is None or has_mark:
        codec = detect_encoding(read_blocks(path), 4 * _MARKUP_FACTOR * maximum_characters + BLOCK_BYTES)
    return limit_text(decode_blocks(read_blocks(path), codec, "replace"), _MARKUP_FACTOR * maximum_characters)
