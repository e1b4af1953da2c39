"""Numbers that were heard as words, written in digits: "twenty three" → "23", "three point five percent" → "3.5%".

Rules over the tables of number_words.py; no model. Says of a run of words what it is written as; a number below ten
that stands alone stays a word, as style guides have it ("one of them"). What could be two numbers is left as two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pipelines.family import Phrase, Word
from pipelines.text.number_words import LANGUAGES, NumberWords

from .spoken_number import Reading, SpokenNumbers

_BEFORE, _AFTER = re.compile(r"^\W*"), re.compile(r"\W*$")


@dataclass(frozen=True, slots=True)
class _Token:
    """A word apart from the punctuation around it; `parts`: itself, or the words that hyphens join."""

    before: str
    parts: tuple[str, ...]
    after: str


def covers(language: str) -> bool:
    """Whether there are rules for a BCP 47 language."""
    return _primary(language) in LANGUAGES


def in_digits(phrase: Phrase, language: str | None) -> Phrase:
    """`phrase` with its numbers in digits. Words that become one last from the first to the last of them, with their
    mean confidence. A language without rules is left as it was heard."""
    table = LANGUAGES.get(_primary(language or ""))
    if table is None:
        return phrase
    texts = phrase.text.split()
    words = tuple(_joined(phrase.words, runs) for runs in _runs([word.word for word in phrase.words], table))
    return replace(phrase, text=" ".join(run.text for run in _runs(texts, table)), words=words)


@dataclass(frozen=True, slots=True)
class _Run:
    """Words [first, behind) and what they are written as."""

    first: int
    behind: int
    text: str


def _runs(words: Sequence[str], table: NumberWords) -> Iterator[_Run]:
    """All words in order: each for itself, or those of a number as one."""
    tokens = [_token(word) for word in words]
    owners = [index for index, token in enumerate(tokens) for _ in token.parts]
    closes = [
        bool(tokens[owner].after) and (number + 1 == len(owners) or owners[number + 1] != owner)
        for number, owner in enumerate(owners)
    ]
    numbers = SpokenNumbers([part for token in tokens for part in token.parts], closes, table)
    part = 0
    at = 0
    while at < len(words):
        reading = numbers.read(part)
        behind = _owner_behind(owners, part, reading) if reading else None
        if reading and behind is not None:
            yield _Run(at, behind, tokens[at].before + reading.text + tokens[behind - 1].after)
            part, at = part + reading.length, behind
        else:
            yield _Run(at, at + 1, words[at])
            part, at = part + len(tokens[at].parts), at + 1


def _owner_behind(owners: Sequence[int], part: int, reading: Reading) -> int | None:
    """The word behind the reading; None where it ends inside a word ("twenty-three-year-old")."""
    last = part + reading.length - 1
    if last + 1 < len(owners) and owners[last + 1] == owners[last]:
        return None
    return owners[last] + 1


def _token(word: str) -> _Token:
    body = _BEFORE.sub("", word)
    before, bare = word[: len(word) - len(body)], _AFTER.sub("", body)
    return _Token(before, tuple(bare.lower().split("-")), body[len(bare) :])


def _joined(words: Sequence[Word], run: _Run) -> Word:
    own = words[run.first : run.behind]
    confidence = sum(word.confidence for word in own) / len(own)
    return Word(run.text, own[0].start, own[-1].end, confidence)


def _primary(language: str) -> str:
    return language.lower().partition("-")[0]
