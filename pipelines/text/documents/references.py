"""References between the files of a document."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from urllib.parse import unquote

#: A document has nothing above its own root.
_ABOVE = re.compile(r"^(?:\.\.?(?:/|$)|/)+")


def resolve_reference(page: str, href: str) -> str:
    """The name of the file that a reference of the file `page` points to, in NFC, without query and fragment."""
    name = unquote(re.split(r"[#?]", href, maxsplit=1)[0]).replace("\\", "/")
    path = posixpath.normpath(posixpath.join(posixpath.dirname(page), name))
    return unicodedata.normalize("NFC", _ABOVE.sub("", path))
