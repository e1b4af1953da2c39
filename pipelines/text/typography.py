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
#: Forms that only look different: ligatures, digraphs, presentation forms, wide and narrow letters, letters in circles
#: or in mathematics, units in one character.
_FORMS = (
    "\u0149\u017f\u01c4-\u01cc\u01f1-\u01f3\u2102\u210a-\u2115\u2119-\u211d\u2124\u2128\u212a-\u2139\u2103\u2109"
    "\u2160-\u217f\u2460-\u24ff\u3300-\u33ff\ufb00-\ufb4f\ufb50-\ufdff\ufe70-\ufefc\uff01-\uffdc\U0001d400-\U0001d7ff"
    "\U0001f100-\U0001f16f"
)
#: Marks that belong to the character before them: combining ones, vowels and finals of Hangul, narrow sound marks.
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u093c\u09bc\u0a3c\u0b3c\u0bbe"
    "\u0bd7\u0cd5\u0cd6\u0d3e\u0d57\u0dca-\u0ddf\u102e\u1161-\u1175\u11a8-\u11c2\u1ab0-\u1aff\u1dc0-\u1dff\u3099\u309a"
    "\uff9e\uff9f"
)
_COMPOSED = re.compile(f"[{_FORMS}][{_MARKS}]*|\\w[{_MARKS}]+")
_FORM = re.compile(f"[{_FORMS}]")
_SINGLE = re.compile(f"«[\u00a0\u202f]|[\u00a0\u202f]»|[{re.escape(''.join(_PLAIN))}]|(?<![\\d½¼¾])[′″]")


def compose_letters(aligned: AlignedText) -> AlignedText:
    """The text with one form of each letter, which every voice knows: composed (NFC), and plain where only typography
    differs (NFKC): "ﬁ", "Ⅳ", "Ａ", "𝐁".
    """
    text = aligned.text
    if text.isascii():
        return aligned
    replacements = (_replace(found, _compose(found.group())) for found in _COMPOSED.finditer(text))
    return aligned.apply(each for each in replacements if each.text != text[each.start : each.end])


def normalise_typography(aligned: AlignedText) -> AlignedText:
    """The text with plain characters in the place of typographic ones."""
    if aligned.text.isascii() and "`" not in aligned.text:
        return aligned
    composed = compose_letters(aligned)
    return composed.apply(_replace(found, _plain_symbol(found.group())) for found in _SINGLE.finditer(composed.text))


def _plain_symbol(symbol: str) -> str:
    return _PRIMES.get(symbol) or _PLAIN[symbol.strip() or symbol]


def _compose(text: str) -> str:
    is_form = _FORM.match(text) is not None
    return unicodedata.normalize("NFKC" if is_form else "NFC", text)


def _replace(found: re.Match[str], text: str) -> Replacement:
    return Replacement(*found.span(), text)
