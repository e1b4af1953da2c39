"""How long a text is to say, in letters of an alphabet. Knows scripts; nothing of voices and of sound."""

from __future__ import annotations

import unicodedata

from .similarity import letters

#: Letters of an alphabet that take as long to say as a sign, by the first word of its Unicode name; Korean syllables
#: are counted by the letters that they are made of. (eSpeak NG says 12 to 20 letters of an alphabet in a second, 6 to
#: 9 signs of scripts that leave vowels out or have a sign for a syllable, and 4 Chinese signs, as measured.)
_LETTERS = {"CJK": 3.5, "LATIN": 1.0, "CYRILLIC": 1.0, "GREEK": 1.0, "ARMENIAN": 1.0, "GEORGIAN": 1.0, "HANGUL": 1.0}
_OF_OTHERS = 1.8
#: A figure is a word of four letters in a telephone number, one letter in a million.
_OF_A_FIGURE = 2.0


def spoken_letters(text: str) -> float:
    """The letters of an alphabet that take about as long to say as `text`; figures are a guess."""
    return sum(_length(sign) for sign in letters(text))


def _length(sign: str) -> float:
    if sign.isdigit():
        return _OF_A_FIGURE
    return _LETTERS.get(unicodedata.name(sign, "").partition(" ")[0], _OF_OTHERS)
