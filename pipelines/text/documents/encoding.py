"""Decodes text files in blocks. Knows byte order marks, UTF-8 and Windows-1252, and does not guess further.

A wrong guess would be hours of synthesised noise, so any other encoding is an error that says how to save the file. For
the same reason charset-normalizer is not used: it guesses from the statistics of the bytes.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipelines.errors import UnreadableInput
from pipelines.text.document import text_too_long

BLOCK_BYTES = 1 << 16
#: The largest share of non-ASCII bytes in western languages; Chinese, Russian and Greek files have more.
_MAX_HIGH_SHARE = 0.3
_HIGH = bytes(range(0x80, 0x100))

# UTF-32 first: its little-endian mark begins with that of UTF-16.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_OTHER_FORMATS = (
    (b"%PDF-", "a PDF; save it as text, EPUB or DOCX"),
    (b"\xd0\xcf\x11\xe0", "an old Office file; save it as .docx"),
    (b"{\\rtf", "an RTF file; save it as .docx or text"),
    (b"PK\x03\x04", "a zip archive; EPUB and DOCX are read when they are sent under their own type"),
)


def read_blocks(path: Path) -> Iterator[bytes]:
    """The file in blocks of 64 KiB."""
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            yield block


def detect_encoding(blocks: Iterable[bytes], maximum_bytes: int) -> str:
    """The name of the codec: by byte order mark, else UTF-8 where all is valid, else Windows-1252.

    Looks at `maximum_bytes` at most. Raises `UnreadableInput` for anything else.
    """
    utf8 = codecs.getincrementaldecoder("utf-8")()
    is_utf8, is_first, seen, high = True, True, 0, 0
    for block in blocks:
        if is_first:
            is_first = False
            for mark, codec in _BYTE_ORDER_MARKS:
                if block.startswith(mark):
                    return codec
            for magic, what in _OTHER_FORMATS:
                if block.startswith(magic):
                    raise UnreadableInput(f"This is not text but {what}.", field="file")
        if b"\0" in block:
            raise UnreadableInput(
                "This is not text: it holds zero bytes. Save it as UTF-8 (UTF-16 needs its byte order mark).",
                field="file",
            )
        is_utf8 = is_utf8 and _can_decode(utf8, block)
        if not is_utf8:
            _require_western(block)
        seen += len(block)
        high += len(block) - len(block.translate(None, _HIGH))
        if seen >= maximum_bytes:
            break
    if not is_utf8 and high > _MAX_HIGH_SHARE * seen:
        raise _unknown_encoding_error()
    return "utf-8" if is_utf8 else "cp1252"


def decode_blocks(blocks: Iterable[bytes], codec: str, errors: str = "strict") -> Iterator[str]:
    """The characters of the blocks. Raises `UnreadableInput` for bytes that are invalid in the codec."""
    decoder = codecs.getincrementaldecoder(codec)(errors)
    try:
        for block in blocks:
            if text := decoder.decode(block):
                yield text
        if text := decoder.decode(b"", final=True):
            yield text
    except UnicodeError as error:
        raise UnreadableInput(f"The text is not valid {codec} ({error}); save it as UTF-8.", field="file") from error


def read_text_file(path: Path, maximum_characters: int) -> Iterator[str]:
    """The characters of a text file in blocks; reads it twice, first to detect its encoding."""
    # Four bytes hold any character in any of the encodings above.
    codec = detect_encoding(read_blocks(path), 4 * maximum_characters + BLOCK_BYTES)
    return limit_text(
        decode_blocks(read_blocks(path), codec, "replace" if codec == "utf-8" else "strict"), maximum_characters
    )


def limit_text(pieces: Iterable[str], maximum_characters: int) -> Iterator[str]:
    """The pieces as they come. Raises `InputTooLarge` when they pass `maximum_characters`."""
    seen = 0
    for piece in pieces:
        seen += len(piece)
        if seen > maximum_characters:
            raise text_too_long(maximum_characters)
        yield piece


def _can_decode(decoder: codecs.IncrementalDecoder, block: bytes) -> bool:
    try:
        decoder.decode(block)
    except UnicodeDecodeError:
        return False
    return True


def _require_western(block: bytes) -> None:
    try:
        block.decode("cp1252")
    except UnicodeDecodeError as error:
        raise _unknown_encoding_error() from error


def _unknown_encoding_error() -> UnreadableInput:
    return UnreadableInput(
        "The text is neither UTF-8 nor Windows-1252, and others cannot be distinguished safely; save it as UTF-8.",
        field="file",
    )
