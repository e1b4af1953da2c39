from __future__ import annotations

import pytest

from pipelines.errors import BadInput
from pipelines.text.symbol_set import SymbolSet

LETTERS = SymbolSet({"a": 1, "b": 2, "'": 3, ",": 4, "n": 5, "ţ": 6}, name="letters")


@pytest.mark.parametrize(
    ("char", "ids"),
    [
        ("a", [1]),
        ("B", [2]),  # its small letter
        ("’", [3]),  # another shape
        ("—", [4]),  # a pause of the same kind
        ("–", [4]),  # a stand-in's stand-in
        ("\u0303", [5]),  # a nasal vowel
        ("Ț", [6]),
        ("?", []),  # not said
        ("\u200b", []),
    ],
)
def test_a_character_is_itself_or_stands_in_or_is_silent(char: str, ids: list[int]) -> None:
    assert LETTERS.ids(char) == ids


@pytest.mark.parametrize("char", ["z", "7", "ж", "€", "%", "&", "😀", "\u0301"])
def test_what_would_be_missing_from_the_sound_is_refused_by_name(char: str) -> None:
    with pytest.raises(BadInput) as refused:
        LETTERS.ids(char)
    assert repr(char) in refused.value.detail
    assert refused.value.field == "text"
