"""The user's lexicon: "Brannock" is pronounced "brannuck". Whole words, the longest first; knows no language.

A word in lower case matches in any case; a word with a capital only as it is written, so that "Polish" and "polish" can
differ. A replacement between slashes is a pronunciation in the International Phonetic Alphabet: "/pəˈlɪʃ/".
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from pipelines.text.aligned_text import AlignedText
from pipelines.text.case_folding import fold_case
from pipelines.text.typography import normalise_typography

_BETWEEN_SLASHES = re.compile(r"/([^/]+)/")
#: Scripts that are written without spaces have no word boundaries: each character may begin a word.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff"
_FIRST_TOKEN = re.compile(f"[{_UNSPACED}]|(?:(?![{_UNSPACED}])\\w)+|\\S")
#: Of a script with spaces.
_LETTER = re.compile(f"(?![{_UNSPACED}])\\w")
_SPACES_OR_CHARACTER = re.compile(r"\s+|\S")
_WORDS_PER_TICK = 500


@dataclass(frozen=True, slots=True)
class LexiconMatch:
    """Characters [start, end) of a text are spoken as `replacement`, or pronounced as `phonemes` where it has some."""

    start: int
    end: int
    replacement: str
    phonemes: str = ""


def parse_phonemes(replacement: str) -> str:
    """The phonemes between slashes; "" for a plain replacement."""
    found = _BETWEEN_SLASHES.fullmatch(replacement.strip())
    return found.group(1).strip() if found else ""


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    first_token: str
    replacement: str
    #: A word that ends in a letter does not match where another letter follows.
    ends_in_letter: bool


class Lexicon:
    """Finds its words in texts, in a time that hardly depends on how many there are."""

    def __init__(self, words: Mapping[str, str], tick: Callable[[], None] = lambda: None) -> None:
        """`tick` is called from time to time: a long lexicon takes a second to prepare."""
        cased, uncased = list[_Word](), list[_Word]()
        for number, (written, replacement) in enumerate(words.items()):
            if number % _WORDS_PER_TICK == 0:
                tick()
            if text := _normalise(written):
                word = _Word(text, _first_token(text), replacement.strip(), _LETTER.fullmatch(text[-1]) is not None)
                (uncased if text == text.lower() else cased).append(word)
        self._cased = _SortedWords(cased, str)
        self._uncased = _SortedWords(uncased, fold_case)
        self._is_empty = not (cased or uncased)

    def find(self, text: str) -> Iterator[LexiconMatch]:
        """The words of this lexicon in a text of normalised typography, in order and disjoint."""
        if self._is_empty:
            return
        runs = [found.span() for found in _SPACES_OR_CHARACTER.finditer(text)]
        # With each run of white space as one space, a word is found by comparing strings.
        single = "".join(" " if text[start].isspace() else text[start] for start, _ in runs)
        folded, done = fold_case(single), 0
        for token in _FIRST_TOKEN.finditer(single):
            if token.start() < done:
                continue
            cased = self._cased.longest_at(single, token, single)
            uncased = self._uncased.longest_at(folded, token, single)
            if word := max(filter(None, (cased, uncased)), key=lambda each: len(each.text), default=None):
                done = token.start() + len(word.text)
                start, end = runs[token.start()][0], runs[done - 1][1]
                yield LexiconMatch(start, end, word.replacement, parse_phonemes(word.replacement))


class _SortedWords:
    """Words in the order of their keys, each with the longest other key that it begins with.

    All keys that a text begins with are the last one that does not sort behind the text, or begin that one.
    """

    def __init__(self, words: Iterable[_Word], key: Callable[[str], str]) -> None:
        self._words: dict[str, list[_Word]] = {}
        for word in sorted(words, key=lambda each: each.text):
            self._words.setdefault(key(word.text), []).append(word)
        self._keys = sorted(self._words)
        self._longest = max(map(len, self._keys), default=0)
        self._shorter: list[int] = []
        for number, each in enumerate(self._keys):
            shorter = number - 1
            while shorter >= 0 and not each.startswith(self._keys[shorter]):
                shorter = self._shorter[shorter]
            self._shorter.append(shorter)

    def longest_at(self, keys: str, token: re.Match[str], text: str) -> _Word | None:
        """The longest word at a token of `text`; `keys` is the text in the form of the keys, of the same length."""
        start = token.start()
        rest = keys[start : start + self._longest]
        number = bisect_right(self._keys, rest) - 1
        while number >= 0:
            key = self._keys[number]
            if rest.startswith(key):
                following = text[start + len(key) : start + len(key) + 1]
                for word in self._words[key]:
                    is_cut = word.ends_in_letter and _LETTER.fullmatch(following) is not None
                    if word.first_token == token.group().lower() and not is_cut:
                        return word
            number = self._shorter[number]
        return None


def _first_token(word: str) -> str:
    found = _FIRST_TOKEN.match(word)
    return found.group().lower() if found else word


def _normalise(word: str) -> str:
    return " ".join(normalise_typography(AlignedText(word)).text.split())
