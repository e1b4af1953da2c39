"""The symbols that a checkpoint knows, and what becomes of characters that are not among them.

Libraries put `<unk>` for those, or leave them out: a word is then missing from the sound and nobody is told. Here a
character is one of the set, or has a stand-in with a reason, or is silent anyway (punctuation, spaces), or is refused.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.errors import BadInput
from pipelines.word_times import Owner

from .words import SAID

#: Characters that are written where a set lacks them: the same thing in another shape, or the nearest sound.
STAND_INS: Mapping[str, str] = {
    # typography: one shape for another
    "’": "'", "‘": "'", "`": "'", "´": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "″": '"',
    "–": "—", "―": "—", "‐": "-", "‑": "-", "−": "-", "…": ".", "，": ",", "。": ".", "！": "!", "？": "?", "；": ";",
    "：": ":", "、": ",", "¿": "", "¡": "",
    # marks that make a pause of the same kind
    "—": ",", ";": ",", ":": ",", "(": ",", ")": ",", "[": ",", "]": ",", "{": ",", "}": ",",
    # letters with comma and with cedilla, which Romanian texts mix
    "ț": "ţ", "ș": "ş", "Ț": "Ţ", "Ș": "Ş",
    # sounds: English voices say a nasal vowel with an n, and a close vowel between i and ə as an i
    "\u0303": "n", "ᵻ": "ɪ", "ɝ": "ɜ",
    # one sound, two code points
    "g": "ɡ", "ɡ": "g",
}  # fmt: skip
#: Unicode categories that are not said: punctuation, separators, controls, marks of format.
_SILENT = ("P", "Z", "C")


@dataclass(frozen=True, slots=True)
class Spelling:
    """A text as ids in order, and for each the word that it is part of. Empty when there is nothing to say."""

    ids: tuple[int, ...] = ()
    owners: tuple[Owner, ...] = ()


class SymbolSet:
    """Symbols of one character each and their ids."""

    def __init__(self, ids: Mapping[str, int], *, name: str) -> None:
        """`name` is the model's, for messages."""
        self._ids = ids
        self._name = name

    def ids(self, char: str) -> list[int]:
        """Ids for one character: its own, its small letter's, its stand-in's, or none for one that is silent.

        Raises `BadInput` for one that would be missing from the sound.
        """
        form: str | None = char
        while form:
            for each in (form, form.lower()):
                if each in self._ids:
                    return [self._ids[each]]
            form = STAND_INS.get(form) or STAND_INS.get(form.lower())
            if form == char:
                break
        if unicodedata.category(char).startswith(_SILENT) and char not in SAID:
            return []
        name = unicodedata.name(char, f"U+{ord(char):04X}")
        raise BadInput(
            f"{self._name} has no symbol for {char!r} ({name}): write it in letters that the model knows.", field="text"
        )
