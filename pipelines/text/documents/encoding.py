"""Decodes text files in blocks: as the request says, else by byte order mark, UTF-8 where it is valid, else detected.

A wrong guess would be hours of synthesised noise. So a guess has to fit the letters of a language, and no other guess
may fit as well: by the words in it, or because two libraries, uchardet and chardet, agree on it. Anything else is an
error that names `encoding` as the cure. (charset-normalizer took one of two Polish files for Dutch, the other for
ISO 8859-4.)
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipelines.errors import BadInput, UnreadableInput
from pipelines.text.document import text_too_long
from pipelines.text_codecs import find_text_codec, unknown_encoding

from .alphabets import KNOWN_CODECS, FittingText, decode_sample, find_fitting_texts
from .reading import DEFAULT_OPTIONS, ReadingOptions
from .text_language import detect_language
from .unmarked_text import find_unmarked

BLOCK_BYTES = 1 << 16
#: Quotes, dashes and the like, which have the same bytes in all of Windows' encodings of alphabets.
_WINDOWS_PUNCTUATION = bytes([0x82, 0x84, 0x85, 0x86, 0x87, 0x8B, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x9B, 0xA0])
_ASCII = bytes(range(128))
_ASCII_WORD = re.compile(rb"[A-Za-z]{2}")
#: Quotes and ellipses between letters, and low quotes behind one: "caf‚", "f”dda".
_WITHIN_WORDS = re.compile(rb"[A-Za-z](?:[\x82\x84\x8b]|[\x85\x86\x87\x93\x94\x95\x9b]+[a-z])")
#: Common words of a language that make it sure, and how many times more than of any other language.
_SURE_WORDS, _SURE_RATIO = 3, 2
#: Bytes of valid UTF-8 beyond ASCII for each damaged place, in a page that is UTF-8.
_SOUND_FOR_DAMAGED = 20
#: Bytes of lines that are not ASCII, which the detectors see.
_SAMPLE_BYTES = 1 << 18
_SUPERSETS = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "iso8859-8": "cp1255",
    "big5": "cp950",
}

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
    (b"\xd0\xcf\x11\xe0", "an Office file with a password, or of an old format; save it as .docx without a password"),
    (b"{\\rtf", "an RTF file; save it as .docx or text"),
    (b"PK\x03\x04", "a zip archive; EPUB and DOCX are read when they are sent under their own type"),
)


def read_blocks(path: Path) -> Iterator[bytes]:
    """The file in blocks of 64 KiB."""
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            yield block


def detect_encoding(blocks: Iterable[bytes], maximum_bytes: int, language: str | None = None) -> str:
    """The name of the codec: by byte order mark, else UTF-8 where all is valid, else as two detectors agree.

    Looks at `maximum_bytes` at most. `language` (BCP 47) decides where the detectors differ. Raises `UnreadableInput`
    where that leaves a doubt.
    """
    utf8 = codecs.getincrementaldecoder("utf-8")()
    is_utf8, is_first, seen, sample = True, True, 0, bytearray()
    for block in blocks:
        if is_first:
            is_first = False
            if codec := _read_mark(block):
                return codec
            if codec := find_unmarked(block):
                return codec
        if b"\0" in block:
            raise UnreadableInput(
                "This is not text: it holds zero bytes. Save it as UTF-8; if it is UTF-16 without a byte order mark, "
                "name its `encoding`: utf-16-le or utf-16-be.",
                field="file",
            )
        is_utf8 = is_utf8 and _can_decode(utf8, block)
        if len(sample) < _SAMPLE_BYTES:
            # Lines of ASCII tell nothing.
            sample += b"\n".join(line for line in block.splitlines() if not line.isascii())
        seen += len(block)
        if seen >= maximum_bytes:
            break
    return "utf-8" if is_utf8 else _detect(bytes(sample[:_SAMPLE_BYTES]), language)


def find_codec(name: str) -> str:
    """The codec of an encoding's name. Raises `BadInput` on `encoding` for one that is unknown or not for text."""
    codec = find_text_codec(name)
    if codec is None:
        raise BadInput(unknown_encoding(name), field="encoding")
    return codec


def _read_mark(block: bytes) -> str | None:
    """The codec of a byte order mark. Raises `UnreadableInput` for other formats."""
    for mark, codec in _BYTE_ORDER_MARKS:
        if block.startswith(mark):
            return codec
    if what := describe_other_format(block):
        raise UnreadableInput(f"This is not text but {what}.", field="file")
    return None


def describe_other_format(first: bytes) -> str | None:
    """What a file with these first bytes is that is read as no text, and what to do; None for anything else."""
    return next((what for magic, what in _OTHER_FORMATS if first.startswith(magic)), None)


def _is_punctuation(sample: bytes) -> bool:
    """Whether what is not ASCII is punctuation of Windows; in older encodings the same bytes are letters."""
    if sample.translate(None, _WINDOWS_PUNCTUATION + _ASCII) or not _ASCII_WORD.search(sample):
        return False
    # A longer text in a language with other letters would have some.
    return not _WITHIN_WORDS.search(sample) and detect_language(sample.decode("cp1252")) in (None, "en", "nl")


def _detect(sample: bytes, language: str | None) -> str:
    if _is_punctuation(sample):
        return "cp1252"
    _refuse_mixed(sample)
    if language and (fitting := list(find_fitting_texts(sample, language))):
        return max(fitting, key=lambda each: each.words).codec  # the usual one where all have as many
    by_text: dict[str, FittingText] = {}
    for each in sorted(find_fitting_texts(sample), key=lambda each: -each.words):
        by_text.setdefault(each.text, each)
    best, second = [*by_text.values(), None, None][:2]
    agreed = _ask_detectors(sample)
    text = decode_sample(sample, agreed) if agreed else None
    if best is None and agreed and agreed not in KNOWN_CODECS and not agreed.startswith("mac"):
        return agreed  # a language whose letters are not known here
    if best is not None and agreed and text not in by_text and best.words < _SURE_WORDS:
        best = None
    elif best is not None and text in by_text:
        best, second = by_text[str(text)], None
    if best is not None and (second is None or best.words >= max(_SURE_WORDS, _SURE_RATIO * second.words)):
        return best.codec
    raise UnreadableInput(
        "The text is not UTF-8, and its encoding cannot be told safely. Save it as UTF-8, or name its `encoding`, such "
        "as windows-1250 or gb18030" + ("." if language else "; its `language` may be enough, too."),
        field="encoding",
    )


def _refuse_mixed(sample: bytes) -> None:
    """Raises `UnreadableInput` for UTF-8 with bytes of another encoding in it, which no codec reads."""
    text = sample.decode("utf-8", "replace")
    invalid = text.count("\ufffd")
    valid = sum(not character.isascii() for character in text) - invalid
    if valid > invalid:
        raise UnreadableInput(
            f"Most of the text is UTF-8, but it has bytes of another encoding ({invalid}, or more). Save all of it as "
            "UTF-8; where these are few, `encoding` = utf-8 reads it without them.",
            field="encoding",
        )


def load_detectors() -> None:
    """Load the tables of the libraries, which read them from files at their first use."""
    _ask_detectors("Žluťoučký kůň úpěl ďábelské ódy.".encode("cp1250"))


def _ask_detectors(sample: bytes) -> str | None:
    """The codec on which both libraries agree; they may give it different names. None where one is not installed."""
    try:
        import cchardet
        import chardet
    except ModuleNotFoundError:
        return None
    names = [detector(sample)["encoding"] for detector in (cchardet.detect, chardet.detect)]
    found = [_SUPERSETS.get(codec, codec) for name in names if name and (codec := find_text_codec(name))]
    texts = {decode_sample(sample, codec) for codec in found}
    return found[0] if len(found) == len(names) and len(texts) == 1 and None not in texts else None


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


def read_text_file(path: Path, maximum_characters: int, options: ReadingOptions = DEFAULT_OPTIONS) -> Iterator[str]:
    """The characters of a text file in blocks; reads it twice, first to detect its encoding where none is given."""
    # Four bytes hold any character in any of the encodings above.
    most = 4 * maximum_characters + BLOCK_BYTES
    if options.encoding:
        codec = _check_named(options.encoding, next(read_blocks(path), b""))
        is_utf8 = codec in ("utf-8", "utf-8-sig") and is_damaged_utf8(read_blocks(path), most)
    else:
        codec = detect_encoding(read_blocks(path), most, options.language)
        # It is known to be valid, up to a last character that was cut off.
        is_utf8 = codec == "utf-8"
    errors = "replace" if is_utf8 else "strict"
    return limit_text(decode_blocks(read_blocks(path), codec, errors), maximum_characters)


def _check_named(encoding: str, first: bytes) -> str:
    """The codec that the request names, or the byte order that the text has."""
    codec, marked = find_codec(encoding), _read_mark(first)
    if marked is not None and not codec.startswith(marked.removesuffix("-sig")):
        raise BadInput(
            f"The encoding {encoding[:40]!r} is not that of the text, which begins with the byte order mark of "
            f"{marked.removesuffix('-sig').upper()}; leave `encoding` out.",
            field="encoding",
        )
    if marked is None and codec.startswith("utf-16") and (unmarked := find_unmarked(first)):
        if codec not in (unmarked, "utf-16"):
            raise BadInput(
                f"The encoding {encoding[:40]!r} is not that of the text, which is {unmarked}; leave `encoding` out.",
                field="encoding",
            )
        return unmarked
    return marked or codec


def is_damaged_utf8(blocks: Iterable[bytes], maximum_bytes: int) -> bool:
    """Whether by far the most of what is not ASCII is UTF-8: in no other encoding has text such bytes."""
    damaged, sound, seen = 0, 0, 0
    for text in decode_blocks(blocks, "utf-8", "replace"):
        found = text.count("\ufffd")
        damaged += found
        sound += len(text.encode()) - len(text) - 2 * found
        seen += len(text)
        if seen >= maximum_bytes:
            break
    return sound > _SOUND_FOR_DAMAGED * damaged


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
