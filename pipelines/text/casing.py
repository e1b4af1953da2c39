"""Capitals by plain rules: the first word of a sentence, and words that are always written with one.

Knows words; nothing of pauses or models.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_ENDS = re.compile(r"[.?!…。？！][\"'”’»)]*$")

#: By language, words that are never written small. May, march and august are left out: they are other words too.
ALWAYS_CAPITAL: Mapping[str, frozenset[str]] = {
    "en": frozenset(
        """i i'm i've i'd i'll monday tuesday wednesday thursday friday saturday sunday january february april june july
        september october november december christmas easter english american british french german spanish italian
        european african asian america england europe africa asia mr mrs ms dr""".split()  # noqa: SIM905 – to read
    ),
}


def with_capitals(words: Sequence[str], language: str | None, *, begins: bool = True) -> list[str]:
    """The words, with capitals where a sentence begins and on words that always have one; no capital is taken away.

    `begins`: whether the first word begins a sentence. A word may carry its punctuation.
    """
    always = ALWAYS_CAPITAL.get((language or "").lower().partition("-")[0], frozenset())
    done = []
    for word in words:
        name = word.lower().strip(".,?!:;…").removesuffix("'s")
        done.append(capital(word) if begins or name in always else word)
        begins = bool(_ENDS.search(word))
    return done


def capital(word: str) -> str:
    """The word with its first letter as a capital, also behind an opening quotation mark."""
    for index, character in enumerate(word):
        if character.isalnum():
            return word[:index] + character.upper() + word[index + 1 :]
    return word
