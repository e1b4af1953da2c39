"""Capitals and full stops by plain rules, for recognisers that write neither; and none, for callers who want none.

A rule never adds a word, and never guesses a comma or a question mark.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace

from pipelines.family import Phrase

_CASED = ("en",)
_I = re.compile(r"^i(?='|$)")


def mended(phrase: Phrase, *, wanted: bool, written: bool, language: str | None) -> Phrase:
    """`phrase` with punctuation when it is `wanted` and without when it is not; `written` = the model wrote its own."""
    if wanted and not written:
        return _punctuated(phrase, language)
    if not wanted and written:
        return _map(phrase, _bare)
    return phrase


def _punctuated(phrase: Phrase, language: str | None) -> Phrase:
    words = phrase.text.split()
    if not words:
        return phrase
    if (language or "").split("-")[0] in _CASED:
        words = [_I.sub("I", word) for word in words]
    words[0] = words[0][:1].upper() + words[0][1:]
    if words[-1][-1].isalnum():
        words[-1] += "."
    marked = phrase.words
    if len(marked) == len(words):
        marked = tuple(replace(word, word=text) for word, text in zip(marked, words, strict=True))
    return replace(phrase, text=" ".join(words), words=marked)


def _map(phrase: Phrase, change: Callable[[str], str]) -> Phrase:
    words = tuple(replace(word, word=change(word.word)) for word in phrase.words)
    return replace(phrase, text=change(phrase.text), words=tuple(word for word in words if word.word))


def _bare(text: str) -> str:
    """Lower case, and punctuation gone unless it stands inside a word (don't, e-mail, 3.5)."""
    kept = [
        character
        for index, character in enumerate(text)
        if not unicodedata.category(character).startswith("P") or _inside(text, index)
    ]
    return " ".join("".join(kept).lower().split())


def _inside(text: str, index: int) -> bool:
    return 0 < index < len(text) - 1 and text[index - 1].isalnum() and text[index + 1].isalnum()
