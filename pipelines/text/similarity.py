"""How much of a text is in what a recogniser heard. Knows letters; nothing of sentences, sound or models.

Letters rather than words are compared: a recogniser that takes "look" for "lead" has the length and half of the sounds
right, and a word error rate would count it as a word left out and another one made up.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein


@dataclass(frozen=True, slots=True)
class Likeness:
    """A text against what was heard, aligned with the fewest edits. Shares of the text's letters.

    Letters that were heard as others are neither missing nor invented: words misheard have about the right length,
    words that nobody said have none, and a text that was said twice has all of its letters invented.
    """

    #: 1 = the same letters; below 0.4 another text of the same length; 0 = nothing was heard.
    alike: float
    missing: float
    invented: float


def likeness(text: str, heard: str) -> Likeness:
    """Compare. Without a letter in `text` all that was heard is invented."""
    wanted, got = letters(text), letters(heard)
    missing = invented = 0
    for edit in Levenshtein.opcodes(wanted, got):
        if edit.tag == "delete":
            missing += edit.src_end - edit.src_start
        elif edit.tag == "insert":
            invented += edit.dest_end - edit.dest_start
    length = len(wanted) or 1
    return Likeness(Levenshtein.normalized_similarity(wanted, got), missing / length, invented / length)


def letters(text: str) -> str:
    """Letters and figures in small, without accents and without what stands between them."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in plain if sign.isalnum()).casefold()
