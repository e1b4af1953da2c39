"""Inverse text normalisation of numbers: "twenty three" → "23", "three point five percent" → "3.5%".

Rules over the tables of number_words.py; no model. A number below ten that stands alone stays a word, as in style
guides ("one of them"). Ambiguous sequences are left as several numbers.
The package text2num 3.1 was tried: it writes 20 of the 42 pairs of the tests otherwise: years ("nineteen eighty four" →
"19 84"), digits one by one, percentages, "3 million", "one two", "a hundred".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pipelines.family import Phrase, Word
from pipelines.language_tags import primary_subtag
from pipelines.text.number_words import LANGUAGES, NumberWords

from .spoken_number import NumberParser, ParsedNumber

_BEFORE, _AFTER = re.compile(r"^\W*"), re.compile(r"\W*$")


@dataclass(frozen=True, slots=True)
class _SplitWord:
    """A word without the punctuation around it; `parts`: itself, or the words that hyphens join."""

    before: str
    parts: tuple[str, ...]
    after: str


def write_digits(phrase: Phrase, language: str | None) -> Phrase:
    """`phrase` with its numbers in digits; unchanged for a language without rules.

    Words that become one number have the times of the first and the last of them, and their mean confidence.
    """
    table = LANGUAGES.get(primary_subtag(language or ""))
    if table is None:
        return phrase
    texts = phrase.text.split()
    words = tuple(_join_words(phrase.words, runs) for runs in _read_runs([word.word for word in phrase.words], table))
    return replace(phrase, text=" ".join(run.text for run in _read_runs(texts, table)), words=words)


@dataclass(frozen=True, slots=True)
class _WrittenRun:
    """Words [first, end) and how they are written."""

    first: int
    end: int
    text: str


def _read_runs(words: Sequence[str], table: NumberWords) -> Iterator[_WrittenRun]:
    """All words in order: single words, and those of a number as one."""
    tokens = [_split_word(word) for word in words]
    owners = [index for index, token in enumerate(tokens) for _ in token.parts]
    closes = [
        bool(tokens[owner].after) and (number + 1 == len(owners) or owners[number + 1] != owner)
        for number, owner in enumerate(owners)
    ]
    parser = NumberParser([part for token in tokens for part in token.parts], closes, table)
    part = 0
    at = 0
    while at < len(words):
        number = parser.parse(part)
        end = _find_end(owners, part, number) if number else None
        if number and end is not None:
            yield _WrittenRun(at, end, tokens[at].before + number.text + tokens[end - 1].after)
            part, at = part + number.length, end
        else:
            yield _WrittenRun(at, at + 1, words[at])
            part, at = part + len(tokens[at].parts), at + 1


def _find_end(owners: Sequence[int], part: int, number: ParsedNumber) -> int | None:
    """The word after the number; None where that ends inside a word ("twenty-three-year-old")."""
    last = part + number.length - 1
    if last + 1 < len(owners) and owners[last + 1] == owners[last]:
        return None
    return owners[last] + 1


def _split_word(word: str) -> _SplitWord:
    body = _BEFORE.sub("", word)
    before, bare = word[: len(word) - len(body)], _AFTER.sub("", body)
    return _SplitWord(before, tuple(bare.lower().split("-")), body[len(bare) :])


def _join_words(words: Sequence[Word], run: _WrittenRun) -> Word:
    own = words[run.first : run.end]
    confidence = sum(word.confidence for word in own) / len(own)
    return Word(run.text, own[0].start, own[-1].end, confidence)
