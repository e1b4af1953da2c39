"""Typography as plain characters: quotes, spaces, hyphens, ligatures, wide and decomposed letters. Knows no language.

What is changed sounds the same; dashes, fractions and raised digits mean something and are left to the rules of a
language. Unicode Standard Annex #15 (NFC, NFKC) says which characters are the same.
"""

from __future__ import annotations

import re
import unicodedata

from .aligned_text import Change, Spoken

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
#: Behind a figure they are feet, inches or parts of degrees, elsewhere quotes.
_PRIMES = {"′": "'", "″": '"'}
#: A letter with combining marks; presentation forms, wide forms and letters in circles or in mathematics.
_FORMS = "\ufb00-\ufb06\uff01-\uff5e\u2160-\u217f\u2460-\u24ff\U0001d400-\U0001d7ff"
_COMPOSED = re.compile(f"[^\\W\\d_][\u0300-\u036f]+|[{_FORMS}]")
_SINGLE = re.compile(f"«[\u00a0\u202f]|[\u00a0\u202f]»|[{re.escape(''.join(_PLAIN))}]|(?<![\\d½¼¾])[′″]")


def plain(spoken: Spoken) -> Spoken:
    """The text with plain characters for typographic ones."""
    text = spoken.text
    if text.isascii() and "`" not in text:
        return spoken
    composed = spoken.changed(_change(found, _composed(found.group())) for found in _COMPOSED.finditer(text))
    return composed.changed(_change(found, _plain(found.group())) for found in _SINGLE.finditer(composed.text))


def _plain(sign: str) -> str:
    return _PRIMES.get(sign) or _PLAIN[sign.strip() or sign]


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC" if len(text) > 1 else "NFKC", text)


def _change(found: re.Match[str], text: str) -> Change:
    return Change(*found.span(), text)
