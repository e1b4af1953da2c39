"""Capitalisation by simple rules: the first word of a sentence, and words that always have a capital.

Knows words; nothing of pauses or models.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pipelines.language_tags import primary_subtag

_SENTENCE_END = re.compile(r"[.?!…。？！][\"'”’»)]*$")

#: By language, words that always have a capital. May, march and august are left out: they are other words too.
ALWAYS_CAPITAL: Mapping[str, frozenset[str]] = {
    "en": frozenset(
        """i i'm i've i'd i'll monday tuesday wednesday thursday friday saturday sunday january february april june july
        september october november december christmas easter english american british french german spanish italian
        european african asian america england europe africa asia mr mrs ms dr""".split()  # noqa: SIM905 – to read
    ),
}


def capitalise_sentences(words: Sequence[str], language: str | None, *, starts_sentence: bool = True) -> list[str]:
    """The words, capitalised at the start of sentences and where they always have a capital; none is lowered.

    `language`: BCP 47. `starts_sentence`: whether the first word starts one. Words may carry their punctuation.
    """
    always = ALWAYS_CAPITAL.get(primary_subtag(language or ""), frozenset())
    capitalised = []
    for word in words:
        name = word.lower().strip(".,?!:;…").removesuffix("'s")
        capitalised.append(capitalise(word) if starts_sentence or name in always else word)
        starts_sentence = bool(_SENTENCE_END.search(word))
    return capitalised


def capitalise(word: str) -> str:
    """The word with its first letter or digit in upper case, also behind an opening quotation mark."""
    for index, character in enumerate(word):
        if character.isalnum():
            return word[:index] + character.upper() + word[index + 1 :]
    return word
