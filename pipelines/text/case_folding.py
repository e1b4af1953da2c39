"""One form for the letters that a regular expression with IGNORECASE takes as equal, character by character.

`str.casefold` may change the length of a text ("ß" becomes "ss"); here positions stay. Knows no language.
"""

from __future__ import annotations

#: Letters whose upper case has several characters, and which yet have a second form.
_SECOND_FORMS = {"\u1fd3": "\u0390", "\u1fe3": "\u03b0", "\ufb06": "\ufb05"}


class _Folding(dict[int, str]):
    """The form of each character, by code point, computed where it is asked for first."""

    def __missing__(self, code: int) -> str:
        character = _SECOND_FORMS.get(chr(code), chr(code))
        upper = character.upper()
        # "İ" becomes two characters in lower case; the first one is the letter.
        self[code] = folded = (upper if len(upper) == 1 else character).lower()[0]
        return folded


_FOLDING = _Folding()


def fold_case(text: str) -> str:
    """The text, as long as before, with one form of each letter: "ſ", "S" and "s" become "s"."""
    return text.translate(_FOLDING)
