"""Knows encodings by how their bytes are arranged: UTF-16 without a byte order mark, and ISO 2022 and HZ, in ASCII.

Looks at one block of bytes; nothing of languages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .alphabets import decode_sample

_SEVEN_BITS = (
    ("iso2022_jp", re.compile(rb"\x1b\$[@B]")),
    ("iso2022_kr", re.compile(rb"\x1b\$\)C")),
    ("hz", re.compile(rb"~\{[!-~]{2,}?~\}")),
)
_EAST_ASIAN = re.compile("[\u3001-\u30ff\uac00-\ud7a3\uff01-\uff65]")
#: What is neither ASCII nor punctuation, and the share of it that one script has.
_BEYOND_ASCII = re.compile("[^\x00-\x7f\u00a0-\u00bf\u2000-\u2bff]")
_EAST_ASIAN_LETTERS = re.compile("[\u3001-\u9fff\uac00-\ud7a3\uff01-\uff65]")
_SCRIPTS = [
    *(
        re.compile(f"[{letters}]")
        for letters in ("\u00c0-\u024f", "\u0370-\u052f", "\u0590-\u06ff", "\u0900-\u0dff", "\u0e00-\u0eff")
    ),
    _EAST_ASIAN_LETTERS,
]
_PLAIN_SHARE = 0.9
#: Fewer characters with zero bytes on either side may be anything.
_LEAST_EAST_ASIAN = 20


def find_unmarked(block: bytes) -> str | None:
    """UTF-16 without a byte order mark, and encodings in which East Asian text has the bytes of ASCII."""
    for codec, sign in _SEVEN_BITS:
        if sign.search(block) and (text := decode_sample(block, codec)) and any(map(str.isalpha, _beyond_ascii(text))):
            return codec
    for codec, first in (("utf-16-le", 1), ("utf-16-be", 0)):
        # One byte of each ASCII character is zero; of others it may be the other one, as in U+4E00 and U+AC00.
        if len(block) % 2 == 0 and b"\0" in block[first::2]:
            is_sure = b"\0" not in block[1 - first :: 2]
            text = decode_sample(block, codec)
            if text and _is_plain(text) and (is_sure or _is_east_asian(text)):
                return codec
    return None


def _is_east_asian(text: str) -> bool:
    """Whether most of a text is East Asian; with its bytes the wrong way round hardly any text is."""
    return len(_EAST_ASIAN_LETTERS.findall(text)) >= max(_LEAST_EAST_ASIAN, len(text) / 2)


def _is_plain(text: str) -> bool:
    """Whether nearly all letters of a text are of one script, and East Asian ones have signs that only they have."""
    letters = _BEYOND_ASCII.findall(text)
    script = max((len(script.findall(text)) for script in _SCRIPTS), default=0)
    is_han = any("\u3400" <= sign <= "\u9fff" for sign in text)
    is_printable = all(sign.isprintable() or sign.isspace() for sign in text)
    return is_printable and script >= _PLAIN_SHARE * len(letters) and (not is_han or bool(_EAST_ASIAN.search(text)))


def _beyond_ascii(text: str) -> Iterator[str]:
    return (sign for sign in text if not sign.isascii())
