"""Typographic characters as plain ones: quotes, spaces, hyphens, ligatures, wide and decomposed letters.

Knows no language. What is replaced sounds the same; dashes, fractions and raised digits have a meaning and are left to
the rules of a language. Unicode Standard Annex #15 (NFC, NFKC) defines which characters are equivalent.
"""

from __future__ import annotations

import re
import unicodedata

from .aligned_text import AlignedText, Replacement

_PLAIN = {
    **dict.fromkeys("‘’‚‛ʼ`´", "'"),
    **dict.fromkeys("“”„‟«»", '"'),
    **dict.fromkeys("‹›", "'"),
    **dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " "),
    **dict.fromkeys("\u2010\u2011\u2212\ufe63", "-"),
    **dict.fromkeys("\u200c\u200d\u200e\u200f\u2061\u2062\u2063\u2064\ufe0e\ufe0f", ""),
    "…": "...",
    "⁄": "/",
}
#: Behind a digit they are feet, inches or parts of degrees, elsewhere quotes.
_PRIMES = {"′": "'", "″": '"'}
#: Presentation forms, wide forms, and letters in circles or in mathematics.
_FORMS = "\ufb00-\ufb06\uff01-\uff5e\u2160-\u217f\u2460-\u24ff\U0001d400-\U0001d7ff"
#: A letter with combining marks, or one of those forms.
_COMPOSED = re.compile(f"[^\\W\\d_][\u0300-\u036f]+|[{_FORMS}]")
_SINGLE = re.compile(f"«[\u00a0\u202f]|[\u00a0\u202f]»|[{re.escape(''.join(_PLAIN))}]|(?<![\\d½¼¾])[′″]")


def normalise_typography(aligned: AlignedText) -> AlignedText:
    """The text with plain characters in the place of typographic ones."""
    text = aligned.text
    if text.isascii() and "`" not in text:
        return aligned
    composed = aligned.apply(_replace(found, _compose(found.group())) for found in _COMPOSED.finditer(text))
    return composed.apply(_replace(found, _plain_symbol(found.group())) for found in _SINGLE.finditer(composed.text))


def _plain_symbol(symbol: str) -> str:
    return _PRIMES.get(symbol) or _PLAIN[symbol.strip() or symbol]


def _compose(text: str) -> str:
    return unicodedata.normalize("NFC" if len(text) > 1 else "NFKC", text)


def _replace(found: re.Match[str], text: str) -> Replacement:
    return Replacement(*found.span(), text)
