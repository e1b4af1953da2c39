"""IPA phonemes to eSpeak NG's phoneme mnemonics, which differ by language.

In a text they are written as [[t@m'A:toU]]. The mnemonics are those that the library prints for words of each language.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.errors import UnsupportedOption

_EVERYWHERE: Mapping[str, str] = {
    "p": "p",
    "b": "b",
    "t": "t",
    "d": "d",
    "k": "k",
    "g": "g",
    "ɡ": "g",
    "f": "f",
    "v": "v",
    "s": "s",
    "z": "z",
    "m": "m",
    "n": "n",
    "l": "l",
    "j": "j",
    "ʃ": "S",
    "ŋ": "N",
    "tʃ": "tS",
    "x": "x",
    "i": "i",
    "e": "e",
    "a": "a",
    "o": "o",
    "u": "u",
    "ə": "@",
    "ɛ": "E",
    "ɔ": "O",
    ".": "",
    "‿": "",
    " ": " ",
}
_LANGUAGES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "h": "h",
        "w": "w",
        "ɹ": "r",
        "r": "r",
        "θ": "T",
        "ð": "D",
        "ʒ": "Z",
        "dʒ": "dZ",
        "ɾ": "t#",
        "ʔ": "?",
        "ɪ": "I",
        "æ": "a",
        "ʌ": "V",
        "ɒ": "0",
        "ʊ": "U",
        "ɐ": "a#",
        "ɚ": "3",
        "ɝ": "3:",
        "ᵻ": "I",
        "iː": "i:",
        "uː": "u:",
        "ɑː": "A:",
        "ɑ": "A:",
        "ɔː": "O:",
        "ɜː": "3:",
        "ɜ": "3:",
        "eɪ": "eI",
        "aɪ": "aI",
        "ɔɪ": "OI",
        "aʊ": "aU",
        "əʊ": "oU",
        "oʊ": "oU",
        "ɪə": "i@",
        "iə": "i@",
        "eə": "e@",
        "ɛə": "e@",
        "ʊə": "U@",
    },
    "de": {
        "h": "h",
        "r": "r",
        "ʁ": "r",
        "ɾ": "r",
        "ç": "C",
        "pf": "pF",
        "ts": "ts",
        "ɪ": "I",
        "ʊ": "U",
        "ʏ": "y",
        "œ": "W",
        "ø": "Y",
        "y": "y",
        "ɐ": "3",
        "iː": "i:",
        "eː": "e:",
        "ɛː": "E:",
        "aː": "A:",
        "ɑː": "A:",
        "oː": "o:",
        "uː": "u:",
        "yː": "y:",
        "øː": "Y:",
        "aɪ": "aI",
        "aʊ": "aU",
        "ɔʏ": "OY",
        "ɔø": "OY",
        "ɔɪ": "OY",
    },
    "fr": {
        "w": "w",
        "r": "r",
        "ʁ": "r",
        "ʒ": "Z",
        "ɲ": "n^",
        "y": "y",
        "ɥ": "y",
        "ø": "Y",
        "œ": "W",
        "ɑ̃": "A~",
        "ɛ̃": "E~",
        "ɔ̃": "O~",
        "œ̃": "W~",
    },
    "es": {
        "w": "w",
        "r": "R2",
        "ɾ": "**",
        "ɲ": "n^",
        "ʎ": "l^",
        "β": "B",
        "ð": "D",
        "ɣ": "Q",
        "θ": "T",
    },
}
_STRESS: Mapping[str, str] = {"ˈ": "'", "ˌ": ",", "'": "'"}
_VOWELS = frozenset("ieaouəɛɔɪæʌɒʊɐɚɝᵻɑɜʏœøyɥ")
#: Most characters of a phoneme in the tables.
_MAX_LENGTH = 3


def to_mnemonics(ipa: str, language: str) -> str:
    """The mnemonics for `ipa` in a BCP 47 language, with stress marks before the stressed vowel.

    Raises `UnsupportedOption` naming the unknown phoneme or language.
    """
    own = _LANGUAGES.get(language.partition("-")[0].lower())
    if own is None:
        raise UnsupportedOption(
            f"eSpeak NG takes phonemes in {', '.join(_LANGUAGES)}, not in {language!r}; write the word in letters."
        )
    names, stress, at = list[str](), "", 0
    while at < len(ipa):
        if ipa[at] in _STRESS:
            stress, at = _STRESS[ipa[at]], at + 1
            continue
        phoneme = next(
            (
                ipa[at : at + size]
                for size in range(_MAX_LENGTH, 0, -1)
                if ipa[at : at + size] in {**_EVERYWHERE, **own}
            ),
            "",
        )
        if not phoneme:
            raise UnsupportedOption(f"eSpeak NG has no sound for {ipa[at]!r} (in {ipa[:80]!r}) in {language!r}.")
        if phoneme[0] in _VOWELS:
            names.append(stress)
            stress = ""
        names.append(own.get(phoneme, _EVERYWHERE.get(phoneme, "")))
        at += len(phoneme)
    return "".join(names)
