"""Unpronounceable characters: symbols for which eSpeak NG makes no sound. They differ by language; the library decides.

In English they are † ‰ • ★ ♪ ^ | < > and a thousand more; in French also = and #, in Russian €. Punctuation marks,
quotes and dashes do not count: no word is expected for them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from pipelines.text.aligned_text import AlignedText
from pipelines.text.normalise.normaliser import find_unspoken_symbols
from pipelines.text.pronunciation.phonemes import phonemise
from pipelines.text.typography import normalise_typography

#: Unicode categories: all symbols, and punctuation that is neither bracket, quote nor dash.
_SYMBOLS = ("S", "Po")


def describe_unpronounceable(text: str, voice: str) -> Iterator[str]:
    """A sentence for the user about each symbol of `text` that `voice` (an id without variant) cannot pronounce."""
    if text.isascii() and text.replace(" ", "").isalnum():
        return
    for symbol in find_unspoken_symbols(normalise_typography(AlignedText(text)).text):
        if unicodedata.category(symbol).startswith(_SYMBOLS) and _is_unpronounceable(symbol, voice):
            name = unicodedata.name(symbol, f"U+{ord(symbol):04X}")
            yield f"eSpeak NG has no word for {symbol!r} ({name}) in {voice!r}, which was not spoken."


@lru_cache(maxsize=4096)
def _is_unpronounceable(symbol: str, voice: str) -> bool:
    return not any(segment.is_word for segment in phonemise(symbol, voice))
