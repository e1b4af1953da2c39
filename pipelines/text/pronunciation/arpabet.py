"""Converts the phones of eSpeak NG's English to ARPAbet, the phoneme set of the CMU Pronouncing Dictionary.

For acoustic models that were trained on dictionary phonemes. Knows no vocabulary: a model knows its own symbols.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipelines.errors import BadInput

#: Phone of eSpeak NG → symbols of the CMU dictionary for the same sound. The vowels are those in `VOWELS`.
#: A sound that American English lacks has its nearest one, as dictionaries write loan words.
PHONES: Mapping[str, tuple[str, ...]] = {
    # vowels
    "iː": ("IY",),
    "i": ("IY",),
    "ɪ": ("IH",),
    "ᵻ": ("IH",),
    "eɪ": ("EY",),
    "e": ("EH",),
    "ɛ": ("EH",),
    "æ": ("AE",),
    "a": ("AE",),
    "ɑː": ("AA",),
    "ɑ": ("AA",),
    "aː": ("AA",),
    "ɒ": ("AA",),
    "ɔː": ("AO",),
    "ɔ": ("AO",),
    "oː": ("AO",),
    "o": ("AO",),
    "oʊ": ("OW",),
    "əʊ": ("OW",),
    "ʊ": ("UH",),
    "uː": ("UW",),
    "u": ("UW",),
    "ʌ": ("AH",),
    "ə": ("AH",),
    "ɐ": ("AH",),
    "ɜː": ("ER",),
    "ɜ": ("ER",),
    "ɚ": ("ER",),
    "ɝ": ("ER",),
    "aɪ": ("AY",),
    "aʊ": ("AW",),
    "ɔɪ": ("OY",),
    # vowels that the dictionary writes as two sounds
    "iə": ("IY", "AH"),
    "aɪɚ": ("AY", "ER"),
    "aɪə": ("AY", "AH"),
    "aʊɚ": ("AW", "ER"),
    "aʊə": ("AW", "AH"),
    "ɪə": ("IH", "R"),
    "eə": ("EH", "R"),
    "ʊə": ("UH", "R"),
    "əl": ("AH", "L"),
    "n̩": ("AH", "N"),
    "l̩": ("AH", "L"),
    "m̩": ("AH", "M"),
    # consonants
    "p": ("P",),
    "b": ("B",),
    "t": ("T",),
    "d": ("D",),
    "k": ("K",),
    "ɡ": ("G",),
    "g": ("G",),
    "tʃ": ("CH",),
    "dʒ": ("JH",),
    "f": ("F",),
    "v": ("V",),
    "θ": ("TH",),
    "ð": ("DH",),
    "s": ("S",),
    "z": ("Z",),
    "ʃ": ("SH",),
    "ʒ": ("ZH",),
    "h": ("HH",),
    "m": ("M",),
    "n": ("N",),
    "ŋ": ("NG",),
    "l": ("L",),
    "ɫ": ("L",),
    "ɹ": ("R",),
    "r": ("R",),
    "w": ("W",),
    "ʍ": ("W",),
    "j": ("Y",),
    # the t of "water" and that of "button", which the dictionary writes as they are spelt
    "ɾ": ("T",),
    "ʔ": ("T",),
    # sounds of loan words: loch, façade, Llanelli; a nasal vowel is spoken with an n
    "x": ("K",),
    "ɣ": ("G",),
    "ç": ("HH",),
    "ɬ": ("L",),
    "ʁ": ("R",),
    "ɲ": ("N", "Y"),
    "y": ("UW",),
    "ø": ("ER",),
    "œ": ("ER",),
    "\u0303": ("N",),
    # marks of length, syllables and aspiration, which the dictionary does not write
    ".": (),
    "ː": (),
    "ˑ": (),
    "\u0329": (),
    "ʲ": (),
    "ʰ": (),
    "\u0361": (),
}
VOWELS = frozenset("AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW".split())  # noqa: SIM905 – a table to read
_STRESS = {"ˈ": "1", "ˌ": "2"}
_LONGEST = max(map(len, PHONES))


def to_arpabet(phones: Sequence[str]) -> list[str]:
    """Symbols for the phones of a word: vowels end in 0, 1 or 2 for no, primary and secondary stress.

    Raises `BadInput` for a phone without an English equivalent.
    """
    symbols: list[str] = []
    stress = "0"
    for phone in phones:
        at = 0
        while at < len(phone):
            if phone[at] in _STRESS or phone[at] == " ":
                stress = _STRESS.get(phone[at], stress)
                at += 1
                continue
            size = next((size for size in range(_LONGEST, 0, -1) if phone[at : at + size] in PHONES), 0)
            if not size:
                raise BadInput(f"There is no English sound for {phone[at]!r} (in {''.join(phones)!r}).")
            for symbol in PHONES[phone[at : at + size]]:
                symbols.append(symbol + stress if symbol in VOWELS else symbol)
                stress = "0" if symbol in VOWELS else stress
            at += size
    return symbols
