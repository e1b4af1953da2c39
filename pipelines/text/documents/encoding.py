"""Bytes into characters, in blocks. Knows byte order marks, UTF-8 and Windows-1252, and refuses to guess further.

A wrong guess would be read aloud as noise for hours, so what is neither is an error that says how to save the file.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipelines.errors import UnreadableInput
from pipelines.text.document import too_long

BLOCK_BYTES = 1 << 16
#: No western language has more accented letters than this among its bytes; Chinese, Russian and Greek files do.
_MOST_ACCENTS = 0.3
_HIGH = bytes(range(0x80, 0x100))

# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_FOREIGN = (
    (b"%PDF-", "a PDF; save it as text, EPUB or DOCX"),
    (b"\xd0\xcf\x11\xe0", "an old Office file; save it as .docx"),
    (b"{\\rtf", "an RTF file; save it as .docx or text"),
    (b"PK\x03\x04", "a zip archive; EPUB and DOCX are read when they are sent under their own type"),
)


def byte_blocks(path: Path) -> Iterator[bytes]:
    """The file in blocks of 64 KiB."""
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            yield block


def detect(blocks: Iterable[bytes], maximum_bytes: int) -> str:
    """Name of the codec: by its mark, else UTF-8 where all is valid, else Windows-1252. Reads at most `maximum_bytes`.

    Raises `UnreadableInput` for anything else.
    """
    utf8 = codecs.getincrementaldecoder("utf-8")()
    is_utf8, is_first, seen, high = True, True, 0, 0
    for block in blocks:
        if is_first:
            is_first = False
            for mark, codec in _MARKS:
                if block.startswith(mark):
                    return codec
            for magic, what in _FOREIGN:
                if block.startswith(magic):
                    raise UnreadableInput(f"This is not text but {what}.", field="file")
        if b"\0" in block:
            raise UnreadableInput(
                "This is not text: it holds zero bytes. Save it as UTF-8 (UTF-16 needs its byte order mark).",
                field="file",
            )
        is_utf8 = is_utf8 and _decodes(utf8, block)
        if not is_utf8:
            _require_western(block)
        seen += len(block)
        high += len(block) - len(block.translate(None, _HIGH))
        if seen >= maximum_bytes:
            break
    if not is_utf8 and high > _MOST_ACCENTS * seen:
        raise _unknown_encoding()
    return "utf-8" if is_utf8 else "cp1252"


def decoded(blocks: Iterable[bytes], codec: str, errors: str = "strict") -> Iterator[str]:
    """The characters of the blocks. Raises `UnreadableInput` where the bytes break the codec's rules."""
    decoder = codecs.getincrementaldecoder(codec)(errors)
    try:
        for block in blocks:
            if text := decoder.decode(block):
                yield text
        if text := decoder.decode(b"", final=True):
            yield text
    except UnicodeError as error:
        raise UnreadableInput(f"The text is not valid {codec} ({error}); save it as UTF-8.", field="file") from error


def file_text(path: Path, maximum_characters: int) -> Iterator[str]:
    """The characters of a text file in blocks; reads the file once to learn its encoding, then again."""
    # Four bytes hold any character in any of the encodings above.
    codec = detect(byte_blocks(path), 4 * maximum_characters + BLOCK_BYTES)
    return limited_text(
        decoded(byte_blocks(path), codec, "replace" if codec == "utf-8" else "strict"), maximum_characters
    )


def limited_text(pieces: Iterable[str], maximum_characters: int) -> Iterator[str]:
    """The pieces, until they pass `maximum_characters`. Raises `InputTooLarge`."""
    seen = 0
    for piece in pieces:
        seen += len(piece)
        if seen > maximum_characters:
            raise too_long(maximum_characters)
        yield piece


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes) -> bool:
    try:
        decoder.decode(block)
    except UnicodeDecodeError:
        return False
    return True


def _require_western(block: bytes) -> None:
    try:
        block.decode("cp1252")
    except UnicodeDecodeError as error:
        raise _unknown_encoding() from error


def _unknown_encoding() -> UnreadableInput:
    return UnreadableInput(
        "The text is neither UTF-8 nor Windows-1252, and others cannot be told apart safely; save it as UTF-8.",
        field="file",
    )
