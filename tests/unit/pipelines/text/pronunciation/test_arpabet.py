from __future__ import annotations

import pytest

from pipelines.errors import BadInput
from pipelines.text.pronunciation.arpabet import PHONES, VOWELS, to_arpabet
from pipelines.text.pronunciation.phonemes import phonemise

#: The 39 sounds of the CMU dictionary.
CMU = VOWELS | frozenset("B CH D DH F G HH JH K L M N NG P R S SH T TH V W Y Z ZH".split())  # noqa: SIM905


def said(text: str) -> str:
    return " ".join(symbol for piece in phonemise(text, "en-us") for symbol in to_arpabet(piece.phones))


@pytest.mark.parametrize(
    ("word", "symbols"),
    [
        ("hello", "HH AH0 L OW1"),
        ("quick", "K W IH1 K"),
        ("water", "W AO1 T ER0"),
        ("button", "B AH1 T AH0 N"),
        ("hour", "AW1 ER0"),
        ("measure", "M EH1 ZH ER0"),
        ("church", "CH ER1 CH"),
        ("understand", "AH2 N D ER0 S T AE1 N D"),
        ("little boy", "L IH1 T AH0 L B OY1"),
    ],
)
def test_words_are_written_as_the_cmu_dictionary_does(word: str, symbols: str) -> None:
    pytest.importorskip("espeakng_loader")
    assert said(word) == symbols


def test_table_writes_sounds_of_the_dictionary_alone() -> None:
    assert {symbol for symbols in PHONES.values() for symbol in symbols} == CMU


def test_sound_that_english_has_nothing_like_is_refused() -> None:
    with pytest.raises(BadInput, match="ǃ"):
        to_arpabet(("ǃ", "a"))
