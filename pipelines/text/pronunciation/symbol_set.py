"""The symbols that a checkpoint knows, and what becomes of characters that are not among them.

Libraries put `<unk>` for those, or leave them out: a word is then missing from the sound and nobody is told. Here a
character is one of the set, or has a stand-in with a reason, or is silent anyway (punctuation, spaces), or is lost:
left out, and named in a remark for the user. One odd letter is no reason to refuse a book.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipelines.text.symbol_times import Owner
from pipelines.text.words import SAID

#: Characters that are written where a set lacks them: the same thing in another shape, or the nearest sound.
STAND_INS: Mapping[str, str] = {
    # typography: one shape for another
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
    # marks that make a pause of the same kind
    "—": ",",
    ";": ",",
    ":": ",",
    "(": ",",
    ")": ",",
    "[": ",",
    "]": ",",
    "{": ",",
    "}": ",",
    # letters with comma and with cedilla, which Romanian texts mix
    "ț": "ţ",
    "ș": "ş",
    "Ț": "Ţ",
    "Ș": "Ş",
    # sounds: English voices say a nasal vowel with an n, and a close vowel between i and ə as an i
    "\u0303": "n",
    "ᵻ": "ɪ",
    "ɝ": "ɜ",
    # one sound, two code points
    "g": "ɡ",
    "ɡ": "g",
}
#: Latin letters that Unicode does not take apart, as they are written where they are missing.
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
#: What to do about a character that a model lacks.
CURE = "write it in letters that the model knows"
#: Unicode categories that are not said: punctuation, separators, controls, marks of format.
_SILENT = ("P", "Z", "C")
#: Accents of the letter before them, which is said without.
_ACCENTS = ("\u0300", "\u036f")
#: Stands for a lost letter: it has no width, makes no sound and parts no word.
_NOTHING = "\u200b"


@dataclass(frozen=True, slots=True)
class Spelling:
    """A text as ids in order, and for each the word that it is part of. Empty when there is nothing to say."""

    ids: tuple[int, ...] = ()
    owners: tuple[Owner, ...] = ()
    #: What the user should know: what was left out.
    remarks: tuple[str, ...] = ()


class SymbolSet:
    """Symbols of one character each and their ids."""

    def __init__(self, ids: Mapping[str, int], *, name: str, cure: str = CURE) -> None:
        """`name` is the model's, `cure` what to do about a character that it lacks: both for remarks."""
        self._ids = ids
        self._name = name
        self._cure = cure
        #: What was found before; None = lost.
        self._found: dict[str, list[int] | None] = {}

    def ids(self, char: str) -> list[int]:
        """Ids for one character: its own, its small letter's, its stand-in's; none for one that is silent or lost."""
        return self._of(char) or []

    def cleared(self, text: str) -> str:
        """The text, as long as before, with what is lost in it taken out: signs part words, letters leave no gap."""
        return "".join(char if not self._is_lost(char) else _NOTHING if char.isalpha() else " " for char in text)

    def remarks(self, characters: Iterable[str]) -> tuple[str, ...]:
        """A sentence for the user about each character that is lost."""
        lost = dict.fromkeys(char for char in characters if self._is_lost(char))
        return tuple(remark_on(char, self._name, self._cure) for char in lost)

    def _is_lost(self, char: str) -> bool:
        return self._of(char) is None

    def _of(self, char: str) -> list[int] | None:
        if char not in self._found:
            self._found[char] = self._find(char)
        return self._found[char]

    def _find(self, char: str) -> list[int] | None:
        form: str | None = char
        while form:
            for each in (form, form.lower()):
                if each in self._ids:
                    return [self._ids[each]]
            form = STAND_INS.get(form) or STAND_INS.get(form.lower())
            if form == char:
                break
        letters = plain_letters(char)
        if letters not in ("", char):
            found = [self._find(each) for each in letters]
            if all(found):
                return [number for numbers in found for number in numbers or ()]
        is_silent = unicodedata.category(char).startswith(_SILENT) and char not in SAID
        return [] if is_silent or _ACCENTS[0] <= char <= _ACCENTS[1] else None


def remark_on(char: str, model: str, cure: str = CURE) -> str:
    """The sentence that tells the user that `model` left `char` out."""
    name = unicodedata.name(char, f"U+{ord(char):04X}")
    return f"{model} has no symbol for {char!r} ({name}), which was left out: {cure}."


def plain_letters(char: str) -> str:
    """What remains of a letter without its marks: é as e, ß as ss; "" for a sign."""
    if not char.isalpha():
        return ""
    if small := LETTERS.get(char.lower()):
        return small
    return "".join(each for each in unicodedata.normalize("NFKD", char) if not unicodedata.combining(each))
