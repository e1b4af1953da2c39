"""How much longer the replacements of a lexicon may make a text: a word of one letter may stand for 500 characters.

Knows lengths; nothing of voices. A chunk of speech and a text that is submitted have the same limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .lexicon import Lexicon

#: The written text of a chunk times this is the most that it may be with its replacements.
MAX_GROWTH = 8
#: A short text may grow as a chunk of this many characters may: the longest of the catalogue.
_USUAL_CHUNK = 2_400


def replaced_length(texts: Iterable[str], lexicon: Lexicon) -> int:
    """The characters of `texts` with the replacements of `lexicon`; one that is shorter than its word saves none."""
    return sum(
        len(text) + sum(max(0, len(match.replacement) - (match.end - match.start)) for match in lexicon.find(text))
        for text in texts
    )


def max_replaced_length(written: int, chunk_characters: int = _USUAL_CHUNK) -> int:
    """The most characters that a text of `written` characters may have with its replacements."""
    return MAX_GROWTH * max(written, chunk_characters)


def long_replacements(words: Mapping[str, str]) -> dict[str, str]:
    """The words of a lexicon that alone can make a text longer than the limit."""
    return {word: said for word, said in words.items() if len(said) > MAX_GROWTH * len(word)}
