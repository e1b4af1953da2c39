"""Finds the encoding of a page of HTML: byte order mark, the request's word, UTF-8 where it is valid, the declaration.

Many pages declare another encoding than the one they have: UTF-8 that is valid is UTF-8, and a declared encoding that
cannot decode the page is not its encoding.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator

from pipelines.errors import BadInput, UnreadableInput

from .encoding import decode_blocks, detect_encoding, find_codec, is_damaged_utf8

_DECLARED = re.compile(rb"""(?:charset\s*=\s*["']?|encoding\s*=\s*["'])([A-Za-z0-9_.:-]{2,40})""")
_LANGUAGE = re.compile(rb"""\blang\s*=\s*["']?([A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,3})""")
#: How far into a page its declaration may be.
_DECLARED_WITHIN = 4096
#: Codecs that a page may name. Other codecs of Python unpack archives or take quadratic time; a page in UTF-16 without
#: its mark could not have been read up to its declaration.
_CODECS = re.compile(r"utf-8|ascii|iso8859-\d+|cp\d+|koi8-[rut]|mac-\w+|tis-620|big5\w*|gb\w+|euc_\w+|shift_jis\w*")
#: What browsers read these as; the second is the first with more characters.
_SUPERSETS = {"ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "gb2312": "gb18030", "gbk": "gb18030"}
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
#: UTF-16 without its mark: the first character of every page is "<".
_WIDE_STARTS = {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}

#: The bytes of a page, from its beginning.
OpenPage = Callable[[], Iterable[bytes]]


def find_declared_encoding(start: bytes) -> str | None:
    """The Python codec of the encoding that the first bytes of a page declare; None for none and for unknown ones."""
    found = _DECLARED.search(start[:_DECLARED_WITHIN])
    if found is None:
        return None
    try:
        name = codecs.lookup(found.group(1).decode("ascii")).name
    except LookupError:
        return None
    return _SUPERSETS.get(name, name) if _CODECS.fullmatch(name) else None


def find_encoding(
    open_page: OpenPage,
    maximum_bytes: int,
    *,
    encoding: str | None = None,
    fallback: str | None = None,
    language: str | None = None,
) -> str:
    """The codec of a page, of which `maximum_bytes` are looked at.

    `encoding`: what the request names for this page, `fallback`: what it names for pages that are not UTF-8.
    `language` (BCP 47) helps to detect what nothing names.

    Raises `BadInput` on `encoding` for one that is unknown, or that the page's byte order mark contradicts, and
    `UnreadableInput` where the encoding cannot be told.
    """
    first = next(iter(open_page()), b"")
    marked = next((codec for mark, codec in _MARKS.items() if first.startswith(mark)), None)
    if encoding:
        _check_mark(encoding, codec := find_codec(encoding), marked)
        return codec if marked is None else _with_mark(marked)
    if marked is not None:
        return _with_mark(marked)
    if wide := next((codec for start, codec in _WIDE_STARTS.items() if first.startswith(start)), None):
        return wide
    if _can_decode(open_page(), "utf-8", maximum_bytes):
        return "utf-8"
    if fallback:
        return find_codec(fallback)
    if is_damaged_utf8(open_page(), maximum_bytes):
        return "utf-8"
    declared = find_declared_encoding(first)
    if declared is not None and declared != "utf-8" and _can_decode(open_page(), declared, maximum_bytes):
        return declared
    if language is None and (found := _LANGUAGE.search(first[:_DECLARED_WITHIN])):
        language = found.group(1).decode("ascii")
    try:
        return detect_encoding(open_page(), maximum_bytes, language)
    except UnreadableInput:
        if declared is None:
            raise
        # Some bytes are damaged; the rest is what the page says.
        return declared


def decode_page(
    open_page: OpenPage,
    maximum_bytes: int,
    *,
    encoding: str | None = None,
    fallback: str | None = None,
    language: str | None = None,
) -> Iterator[str]:
    """The characters of a page, with a sign for damaged ones. Arguments and errors: as of `find_encoding`."""
    codec = find_encoding(open_page, maximum_bytes, encoding=encoding, fallback=fallback, language=language)
    return decode_blocks(open_page(), codec, "replace")


def _check_mark(encoding: str, codec: str, marked: str | None) -> None:
    if marked is not None and not codec.startswith(marked):
        raise BadInput(
            f"The encoding {encoding[:40]!r} is not that of the page, which begins with the byte order mark of "
            f"{marked.upper()}; leave `encoding` out.",
            field="encoding",
        )


def _with_mark(codec: str) -> str:
    """The codec that leaves the mark out of the text."""
    return "utf-8-sig" if codec == "utf-8" else codec


def _can_decode(blocks: Iterable[bytes], codec: str, maximum_bytes: int) -> bool:
    decoder, seen = codecs.getincrementaldecoder(codec)(), 0
    try:
        for block in blocks:
            decoder.decode(block)
            seen += len(block)
            if seen >= maximum_bytes:
                return True
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True
