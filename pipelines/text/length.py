"""How long a text takes to speak, counted in letters of an alphabet. Knows scripts; nothing of voices or sound."""

from __future__ import annotations

import unicodedata

from .similarity import comparable_letters

#: Letters of an alphabet that take as long to speak as one character, by the first word of its Unicode name; Korean
#: syllables are decomposed into their letters. (Measured with eSpeak NG: 12 to 20 letters of an alphabet per second, 6
#: to 9 characters of scripts that leave vowels out or write syllables, and 4 Chinese characters.)
_LETTERS_PER_CHARACTER = {
    "CJK": 3.5,
    "LATIN": 1.0,
    "CYRILLIC": 1.0,
    "GREEK": 1.0,
    "ARMENIAN": 1.0,
    "GEORGIAN": 1.0,
    "HANGUL": 1.0,
}
_OTHER_SCRIPTS = 1.8
#: A digit is a word of four letters in a telephone number, and one letter in a million.
_DIGIT = 2.0


def estimate_spoken_letters(text: str) -> float:
    """The letters of an alphabet that take about as long to speak as `text`; rough for digits."""
    return sum(_letters_of(char) for char in comparable_letters(text))


def _letters_of(char: str) -> float:
    if char.isdigit():
        return _DIGIT
    return _LETTERS_PER_CHARACTER.get(unicodedata.name(char, "").partition(" ")[0], _OTHER_SCRIPTS)
