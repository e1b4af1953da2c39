"""Character-level similarity of a text and a recogniser's transcript. Knows letters; nothing of sentences or sound.

Letters rather than words are compared: a recogniser that takes "look" for "lead" has the length and half of the sounds
right, and a word error rate would count it as a word left out and another one inserted.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein


@dataclass(frozen=True, slots=True)
class TextSimilarity:
    """A text compared with its transcript by an alignment with the fewest edits.

    Substituted letters count neither as missing nor as inserted: misheard words have about the right length. Of a text
    that was spoken twice all letters are inserted.
    """

    #: 1 minus the normalised edit distance: 1 = equal; unrelated texts of one length have up to 0.4; 0 = no transcript.
    ratio: float
    #: Deleted and inserted letters, as shares of the text's letters.
    missing: float
    inserted: float


def compare_texts(text: str, transcript: str) -> TextSimilarity:
    """Compare a text with its transcript. Where `text` has no letters, `inserted` counts those of the transcript."""
    wanted, found = comparable_letters(text), comparable_letters(transcript)
    missing = inserted = 0
    for edit in Levenshtein.opcodes(wanted, found):
        if edit.tag == "delete":
            missing += edit.src_end - edit.src_start
        elif edit.tag == "insert":
            inserted += edit.dest_end - edit.dest_start
    length = len(wanted) or 1
    return TextSimilarity(Levenshtein.normalized_similarity(wanted, found), missing / length, inserted / length)


def comparable_letters(text: str) -> str:
    """The letters and digits of a text, case-folded, without accents, spaces and punctuation."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if char.isalnum()).casefold()
