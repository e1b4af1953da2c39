"""Which names of encodings are taken, from users and from files. Knows names alone: the web process imports it."""

from __future__ import annotations

import codecs
import re

#: Other codecs of Python unpack archives or take quadratic time.
_TEXT_CODECS = re.compile(
    r"utf-8(?:-sig)?|utf-16(?:-[lb]e)?|utf-32(?:-[lb]e)?|ascii|iso8859-\d+|cp\d+|koi8-[rut]|mac-\w+|tis-620|big5\w*|"
    r"gb\w+|euc_\w+|shift_jis\w*|johab|hz|ptcp154|kz1048"
)


def find_text_codec(name: str) -> str | None:
    """The codec of an encoding's name; None for one that is unknown or not of text."""
    try:
        codec = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None  # ValueError: a zero byte in the name
    return codec if _TEXT_CODECS.fullmatch(codec) else None


def unknown_encoding(name: str) -> str:
    """The message for an encoding that is not taken."""
    return f"The encoding {name[:40]!r} is not known; use a name such as utf-8, windows-1250, iso-8859-2 or gb18030."
