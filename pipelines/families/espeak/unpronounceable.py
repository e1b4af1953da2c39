"""Unpronounceable characters: signs for which eSpeak NG makes no sound. They differ by language; the library decides.

In English they are † ‰ • ★ ♪ ^ | < > and a thousand more; in French also = and #, in Russian €. Punctuation marks,
quotes and dashes do not count: no word is expected for them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from pipelines.text.aligned_text import AlignedText
from pipelines.text.normalise.normaliser import find_unspoken_signs
from pipelines.text.pronunciation.phonemes import phonemise
from pipelines.text.typography import normalise_typography

#: Unicode categories: all symbols, and punctuation that is neither bracket, quote nor dash.
_SIGNS = ("S", "Po")


def describe_unpronounceable(text: str, voice: str) -> Iterator[str]:
    """A sentence for the user about each sign of `text` that `voice` (an id without variant) cannot pronounce."""
    if text.isascii() and text.replace(" ", "").isalnum():
        return
    for sign in find_unspoken_signs(normalise_typography(AlignedText(text)).text):
        if unicodedata.category(sign).startswith(_SIGNS) and _is_unpronounceable(sign, voice):
            name = unicodedata.name(sign, f"U+{ord(sign):04X}")
            yield f"eSpeak NG has no word for {sign!r} ({name}) in {voice!r}, which was not spoken."


@lru_cache(maxsize=4096)
def _is_unpronounceable(sign: str, voice: str) -> bool:
    return not any(segment.is_word for segment in phonemise(sign, voice))
