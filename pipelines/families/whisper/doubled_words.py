"""Words that were recognised twice: at the end of a text that broke off, and at the start of the remainder's text.

A remainder begins at a timestamp of the model's, which may lie within the last word or before it. Knows tokens and
words; nothing of audio, and leaves the decision between a doubled word and one that was said twice to the model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .tokenizer import Tokenizer

#: Most words, or characters of a language without spaces, that are looked at.
_MAX_WORDS = 6


def find_doubled(
    tokenizer: Tokenizer, before: Sequence[int], after: Sequence[int], language: str | None
) -> Iterator[int]:
    """How many of the first tokens of `after` may be doubled, the most first: their words are the last of `before`.

    Both are tokens of text. Words are compared without case and punctuation.
    """
    ending = [_bare(text) for text, _ in tokenizer.words(before, language)]
    words = tokenizer.words(after, language)
    beginning = [_bare(text) for text, _ in words]
    for count in range(min(_MAX_WORDS, len(ending), len(beginning)), 0, -1):
        if beginning[:count] == ending[-count:] and any(beginning[:count]):
            yield sum(len(numbers) for _, numbers in words[:count])


def drop_first_text(tokenizer: Tokenizer, tokens: Sequence[int], count: int) -> list[int]:
    """The tokens without the first `count` of text; timestamps stay."""
    kept, dropped = list[int](), 0
    for token in tokens:
        if token < tokenizer.end and dropped < count:
            dropped += 1
        else:
            kept.append(token)
    return kept


def _bare(word: str) -> str:
    return "".join(character for character in word.casefold() if character.isalnum())
