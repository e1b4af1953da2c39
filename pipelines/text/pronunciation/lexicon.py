"""The user's lexicon: "Brannock" is pronounced "brannuck". Whole words, the longest first; knows no language.

A word in lower case matches in any case; a word with a capital only as it is written, so that "Polish" and "polish" can
differ. A replacement between slashes is a pronunciation in the International Phonetic Alphabet: "/pəˈlɪʃ/".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from pipelines.text.aligned_text import AlignedText
from pipelines.text.typography import normalise_typography

_BETWEEN_SLASHES = re.compile(r"/([^/]+)/")
#: Scripts that are written without spaces have no word boundaries: each character may begin a word.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff"
_FIRST_TOKEN = re.compile(f"[{_UNSPACED}]|(?:(?![{_UNSPACED}])\\w)+|\\S")


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


class Lexicon:
    """Finds its words in texts."""

    def __init__(self, words: Mapping[str, str]) -> None:
        #: By the first token of a word, so that a long lexicon costs a text no more than a short one.
        self._words: dict[str, list[tuple[str, str]]] = {}
        for written, replacement in words.items():
            if word := _normalise(written):
                self._words.setdefault(_first_token(word), []).append((word, replacement.strip()))
        for listed in self._words.values():
            # The longest first; of two that differ in case alone, the one with capitals.
            listed.sort(key=lambda pair: (-len(pair[0]), pair[0] == pair[0].lower(), pair[0]))

    def find(self, text: str) -> Iterator[LexiconMatch]:
        """The words of this lexicon in a text of normalised typography, in order and disjoint."""
        done = 0
        for token in _FIRST_TOKEN.finditer(text) if self._words else ():
            if token.start() < done:
                continue
            for word, replacement in self._words.get(token.group().lower(), ()):
                if found := _pattern(word).match(text, token.start()):
                    yield LexiconMatch(*found.span(), replacement, parse_phonemes(replacement))
                    done = found.end()
                    break


def _first_token(word: str) -> str:
    found = _FIRST_TOKEN.match(word)
    return found.group().lower() if found else word


def _normalise(word: str) -> str:
    return " ".join(normalise_typography(AlignedText(word)).text.split())


@lru_cache(maxsize=4096)
def _pattern(word: str) -> re.Pattern[str]:
    letters = re.escape(word).replace(r"\ ", r"\s+")
    after = rf"(?!(?![{_UNSPACED}])\w)" if re.fullmatch(rf"(?![{_UNSPACED}])\w", word[-1]) else ""
    before = rf"(?<!(?![{_UNSPACED}])\w)" if re.match(rf"(?![{_UNSPACED}])\w", word) else ""
    return re.compile(f"{before}{letters}{after}", re.IGNORECASE if word == word.lower() else 0)
