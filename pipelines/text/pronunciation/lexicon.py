"""The user's own words: "Brannock" is said "brannuck". Whole words, the longest first; knows no language.

A word in small letters is found in any case; a word with a capital only as it stands, so that "Polish" and "polish" can
differ. Between slashes stands how it is pronounced, in the International Phonetic Alphabet: "/pəˈlɪʃ/".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from pipelines.text.aligned_text import Spoken
from pipelines.text.typography import plain

_PRONOUNCED = re.compile(r"/([^/]+)/")
#: Scripts that are written without spaces have no edges of words: each character may begin one.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff"
_BEGINNING = re.compile(f"[{_UNSPACED}]|(?:(?![{_UNSPACED}])\\w)+|\\S")


@dataclass(frozen=True, slots=True)
class Entry:
    """Characters [start, end) of a text are said as `said`, or pronounced as `phonemes`."""

    start: int
    end: int
    said: str
    phonemes: str = ""


def pronunciation(said: str) -> str:
    """The phonemes between slashes; "" for a plain word."""
    found = _PRONOUNCED.fullmatch(said.strip())
    return found.group(1).strip() if found else ""


class Lexicon:
    """Finds its words in texts."""

    def __init__(self, words: Mapping[str, str]) -> None:
        #: By the first token of a word, so that a long lexicon costs a text no more than a short one.
        self._words: dict[str, list[tuple[str, str]]] = {}
        for written, said in words.items():
            if word := _plain(written):
                self._words.setdefault(_beginning(word), []).append((word, said.strip()))
        for listed in self._words.values():
            # The longest first; of two that differ in case alone, the one with capitals.
            listed.sort(key=lambda pair: (-len(pair[0]), pair[0] == pair[0].lower(), pair[0]))

    def find(self, text: str) -> Iterator[Entry]:
        """The words of this lexicon in a text without typography, in order and disjoint."""
        done = 0
        for token in _BEGINNING.finditer(text) if self._words else ():
            if token.start() < done:
                continue
            for word, said in self._words.get(token.group().lower(), ()):
                if found := _pattern(word).match(text, token.start()):
                    yield Entry(*found.span(), said, pronunciation(said))
                    done = found.end()
                    break


def _beginning(word: str) -> str:
    found = _BEGINNING.match(word)
    return found.group().lower() if found else word


def _plain(word: str) -> str:
    return " ".join(plain(Spoken(word)).text.split())


@lru_cache(maxsize=4096)
def _pattern(word: str) -> re.Pattern[str]:
    letters = re.escape(word).replace(r"\ ", r"\s+")
    edge = rf"(?!(?![{_UNSPACED}])\w)" if re.fullmatch(rf"(?![{_UNSPACED}])\w", word[-1]) else ""
    before = rf"(?<!(?![{_UNSPACED}])\w)" if re.match(rf"(?![{_UNSPACED}])\w", word) else ""
    return re.compile(f"{before}{letters}{edge}", re.IGNORECASE if word == word.lower() else 0)
