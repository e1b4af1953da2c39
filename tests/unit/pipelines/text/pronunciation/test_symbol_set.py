from __future__ import annotations

from string import ascii_lowercase

import pytest

from pipelines.text.pronunciation.symbol_set import SymbolSet

LETTERS = SymbolSet({"a": 1, "b": 2, "'": 3, ",": 4, "n": 5, "ţ": 6}, name="letters")


@pytest.mark.parametrize(
    ("char", "ids"),
    [
        ("a", [1]),
        ("B", [2]),  # its small letter
        ("’", [3]),  # another shape
        ("—", [4]),  # a pause of the same kind
        ("–", [4]),  # the substitute of a substitute
        ("\u0303", [5]),  # a nasal vowel
        ("Ț", [6]),
        ("?", []),  # not said
        ("\u200b", []),
    ],
)
def test_a_character_is_its_symbol_or_a_substitute_or_silent(char: str, ids: list[int]) -> None:
    assert LETTERS.ids(char) == ids


@pytest.mark.parametrize("char", ["z", "7", "ж", "€", "%", "&", "😀", "æ", "\u093e"])
def test_an_unknown_character_is_named_once(char: str) -> None:
    assert LETTERS.ids(char) == []
    (warning,) = LETTERS.warnings(char * 3)
    assert warning.startswith(f"letters has no symbol for {char!r} (")
    assert warning.endswith("which was left out: write it in letters that the model knows.")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("café", "cafe"),
        ("NAÏVE", "naive"),
        ("Brontë", "bronte"),
        ("Straße", "strasse"),
        ("Øre", "ore"),
        ("Ǽ", "ae"),
        ("Łódź", "lodz"),
        ("mañana", "manana"),
        ("ﬁn", "fin"),
        ("e\u0301", "e"),
        ("œuvre", "oeuvre"),
    ],
)
def test_letters_that_the_set_lacks_lose_their_marks(written: str, said: str) -> None:
    alphabet = SymbolSet({letter: number for number, letter in enumerate(ascii_lowercase)}, name="alphabet")
    assert "".join(ascii_lowercase[number] for char in written for number in alphabet.ids(char)) == said
    assert alphabet.warnings(written) == ()
    assert SymbolSet({"é": 7, "e": 5}, name="accents").ids("É") == [7]


def test_an_unknown_sign_separates_words_and_an_unknown_letter_does_not() -> None:
    text = "a♥b aжb a—b"
    assert LETTERS.remove_unknown(text) == "a b a\u200bb a—b"
