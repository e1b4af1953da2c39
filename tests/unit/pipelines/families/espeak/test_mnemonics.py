from __future__ import annotations

import pytest

from pipelines.errors import UnsupportedOption
from pipelines.families.espeak.mnemonics import to_mnemonics


@pytest.mark.parametrize(
    ("ipa", "language", "mnemonics"),
    [
        ("təmˈɑːtəʊ", "en-gb", "t@m'A:toU"),
        ("dʒˈʌdʒ", "en", "dZ'VdZ"),
        ("ˈʃtʁaːsə", "de", "Str'A:s@"),
        ("ʒuʁ", "fr-fr", "Zur"),
        ("ˌniɲo", "es", "n,in^o"),
    ],
)
def test_mnemonics_are_those_of_the_language_with_stress_before_the_vowel(
    ipa: str, language: str, mnemonics: str
) -> None:
    assert to_mnemonics(ipa, language) == mnemonics


def test_longer_phonemes_come_before_their_parts() -> None:
    assert to_mnemonics("tʃ", "en") == "tS" and to_mnemonics("t", "en") + to_mnemonics("ʃ", "en") == "tS"
    assert to_mnemonics("aɪ", "en") == "aI" != to_mnemonics("a", "en") + to_mnemonics("i", "en")


def test_unknown_phonemes_and_languages_are_refused_by_name() -> None:
    with pytest.raises(UnsupportedOption, match="'ʘ'"):
        to_mnemonics("aʘ", "en")
    with pytest.raises(UnsupportedOption, match="en, de, fr, es, not in 'zh'"):
        to_mnemonics("a", "zh")
