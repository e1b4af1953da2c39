"""Signs that eSpeak NG passes over in silence. Which they are differs by language, so the library itself is asked.

In English they are † ‰ • ★ ♪ ^ | < > and a thousand more; in French also = and #, in Russian €. Marks of punctuation,
quotes and dashes are no signs here: nobody expects a word for them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from pipelines.text.aligned_text import Spoken
from pipelines.text.normalise.normaliser import leftovers
from pipelines.text.pronunciation.phonemes import pronounce
from pipelines.text.typography import plain

#: Symbols of all kinds, and punctuation that is neither bracket, quote nor dash.
_SIGNS = ("S", "Po")


def remarks(text: str, voice: str) -> Iterator[str]:
    """A sentence for the user about each sign of `text` that is not heard from `voice`, an id without its variant."""
    if text.isascii() and text.replace(" ", "").isalnum():
        return
    for sign in leftovers(plain(Spoken(text)).text):
        if unicodedata.category(sign).startswith(_SIGNS) and _is_silent(sign, voice):
            name = unicodedata.name(sign, f"U+{ord(sign):04X}")
            yield f"eSpeak NG has no word for {sign!r} ({name}) in {voice!r}, which was not spoken."


@lru_cache(maxsize=4096)
def _is_silent(sign: str, voice: str) -> bool:
    return not any(piece.is_word for piece in pronounce(sign, voice))
