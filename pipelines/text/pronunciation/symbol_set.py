"""The symbols in the vocabulary of a checkpoint, and how characters outside of it are encoded.

Libraries encode those as `<unk>` or drop them: a word is then missing from the audio without a warning. Here a
character is a symbol of the set, or has a substitute with a reason, or is not spoken (punctuation, spaces), or is
unknown: left out, and named in a warning for the user. One unknown letter is no reason to refuse a book.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipelines.text.word_marks import WordSpan
from pipelines.text.words import SPOKEN_SYMBOLS

#: Substitutes for characters that a set lacks: another form of the same character, or the nearest sound.
SUBSTITUTES: Mapping[str, str] = {
    # typographic variants
    "’": "'",
    "‘": "'",
    "′": "'",
    "`": "'",
    "´": "'",
    "ʼ": "'",
    "“": '"',
    "”": '"',
    "„": '"',
    "«": '"',
    "»": '"',
    "″": '"',
    "–": "—",
    "―": "—",
    "‐": "-",
    "‑": "-",
    "−": "-",
    "…": ".",
    "，": ",",
    "。": ".",
    "！": "!",
    "？": "?",
    "；": ";",
    "：": ":",
    "、": ",",
    "¿": "",
    "¡": "",
    # punctuation with a pause of the same kind
    "—": ",",
    ";": ",",
    ":": ",",
    "(": ",",
    ")": ",",
    "[": ",",
    "]": ",",
    "{": ",",
    "}": ",",
    # letters with comma below and with cedilla, which Romanian texts mix
    "ț": "ţ",
    "ș": "ş",
    "Ț": "Ţ",
    "Ș": "Ş",
    # sounds: English voices speak a nasal vowel with an n, and a close vowel between i and ə as an i
    "\u0303": "n",
    "ᵻ": "ɪ",
    "ɝ": "ɜ",
    # two code points of one sound
    "g": "ɡ",
    "ɡ": "g",
}
#: Latin letters without a Unicode decomposition, and how to write them without.
LETTERS: Mapping[str, str] = {
    "ß": "ss",
    "æ": "ae",
    "œ": "oe",
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "ħ": "h",
    "ı": "i",
    "ŋ": "ng",
    "ŧ": "t",
    "ĳ": "ij",
    "ŀ": "l",
    "ə": "e",
    "ɓ": "b",
    "ɗ": "d",
    "ƙ": "k",
    "ƴ": "y",
    "ɛ": "e",
    "ɔ": "o",
}
#: The advice for a character that a model lacks.
CURE = "write it in letters that the model knows"
#: Unicode categories that are not spoken: punctuation, separators, control and format characters.
_SILENT = ("P", "Z", "C")
#: Combining accents: the letter before them is spoken without.
_ACCENTS = ("\u0300", "\u036f")
#: Takes the place of an unknown letter: it has no width, no sound, and separates no words.
_PLACEHOLDER = "\u200b"


@dataclass(frozen=True, slots=True)
class TokenizedText:
    """A text as symbol ids in order, with the word that each is part of. Empty when there is nothing to speak."""

    ids: tuple[int, ...] = ()
    word_spans: tuple[WordSpan, ...] = ()
    #: Sentences for the user: what was left out.
    warnings: tuple[str, ...] = ()


class SymbolSet:
    """Symbols of one character each, with their ids."""

    def __init__(self, ids: Mapping[str, int], *, name: str, cure: str = CURE) -> None:
        """`name` is the model's, `cure` the advice for a character that it lacks; both are for warnings."""
        self._ids = ids
        self._name = name
        self._cure = cure
        #: By character; None = unknown.
        self._cache: dict[str, list[int] | None] = {}

    def ids(self, char: str) -> list[int]:
        """Ids of one character: its own, its lower case's or its substitute's; none where it is silent or unknown."""
        return self._look_up(char) or []

    def remove_unknown(self, text: str) -> str:
        """The text without unknown characters, of the same length: letters become a placeholder, others a space."""
        return "".join(char if not self._is_unknown(char) else _PLACEHOLDER if char.isalpha() else " " for char in text)

    def warnings(self, characters: Iterable[str]) -> tuple[str, ...]:
        """A sentence for the user about each unknown character."""
        unknown = dict.fromkeys(char for char in characters if self._is_unknown(char))
        return tuple(describe_missing_symbol(char, self._name, self._cure) for char in unknown)

    def _is_unknown(self, char: str) -> bool:
        return self._look_up(char) is None

    def _look_up(self, char: str) -> list[int] | None:
        if char not in self._cache:
            self._cache[char] = self._find(char)
        return self._cache[char]

    def _find(self, char: str) -> list[int] | None:
        form: str | None = char
        while form:
            for each in (form, form.lower()):
                if each in self._ids:
                    return [self._ids[each]]
            form = SUBSTITUTES.get(form) or SUBSTITUTES.get(form.lower())
            if form == char:
                break
        letters = strip_marks(char)
        if letters not in ("", char):
            found = [self._find(each) for each in letters]
            if all(found):
                return [number for numbers in found for number in numbers or ()]
        is_silent = unicodedata.category(char).startswith(_SILENT) and char not in SPOKEN_SYMBOLS
        return [] if is_silent or _ACCENTS[0] <= char <= _ACCENTS[1] else None


def describe_missing_symbol(char: str, model: str, cure: str = CURE) -> str:
    """The sentence that tells the user that `model` left `char` out."""
    name = unicodedata.name(char, f"U+{ord(char):04X}")
    return f"{model} has no symbol for {char!r} ({name}), which was left out: {cure}."


def strip_marks(char: str) -> str:
    """A letter without its diacritics: "e" for "é", "ss" for "ß"; "" for what is not a letter."""
    if not char.isalpha():
        return ""
    if letters := LETTERS.get(char.lower()):
        return letters
    return "".join(each for each in unicodedata.normalize("NFKD", char) if not unicodedata.combining(each))
