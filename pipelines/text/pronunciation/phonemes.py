"""Text as phonemes: phones of the International Phonetic Alphabet by eSpeak NG, and the word that each belongs to."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from pipelines.errors import BadInput
from pipelines.text.words import strip_punctuation, word_ranges

from .espeak_library import get_library

#: Punctuation is kept, for models that were trained with it; inside a word ("3.5", "a.m.") it is part of the word.
_PUNCTUATION = re.compile(r"(?:\s*(?:(?<!\w)[;:,.!?¡¿—…\"«»“”(){}\[\]]+|[;:,.!?¡¿—…\"«»“”(){}\[\]]+(?!\w))\s*)+")
_SPEAKABLE = re.compile(r"[^\W_]")


@dataclass(frozen=True, slots=True)
class PhonemeSegment:
    """A word and its phones, or what stands between words: punctuation or a space, without phones.

    `text` is what a model with characters as symbols reads: for a word its phones, joined. [start, end) are its
    characters in the source text; the range is empty for a space that eSpeak NG inserted.
    """

    text: str
    phones: tuple[str, ...]
    start: int
    end: int

    @property
    def is_word(self) -> bool:
        return bool(self.phones)


#: Characters [start, end) of a text, and their pronunciation: IPA as eSpeak NG writes it.
KnownPhonemes = tuple[int, int, str]


def phonemise(text: str, language: str, known: Sequence[KnownPhonemes] = ()) -> list[PhonemeSegment]:
    """The segments of `text` in order, with stress marks at the vowels that have them.

    `language`: a voice of eSpeak NG or a BCP 47 tag ("en-us", "de"). `known`: ranges whose phonemes are given, in
    order. A phone may be a space, inside a word that is spoken as several.

    Raises `UnsupportedOption` for a language that eSpeak NG does not have, `BadInput` for a word that it has no sound
    for, `ModelUnavailable` where the library is missing.
    """
    segments: list[PhonemeSegment] = []
    at = 0
    for start, end, phonemes in (*known, (len(text), len(text), "")):
        is_apart = bool(text[at:start].strip())
        if segments and is_apart and text[at].isspace():
            segments.append(PhonemeSegment(" ", (), at, at))
        segments += _phonemise_range(text, at, start, language)
        if phonemes:
            if is_apart and text[start - 1].isspace() and not segments[-1].text.endswith(" "):
                segments.append(PhonemeSegment(" ", (), start, start))
            segments.append(PhonemeSegment(phonemes, (phonemes,), start, end))
        at = end
    return segments


def _phonemise_range(text: str, start: int, end: int, language: str) -> list[PhonemeSegment]:
    """The segments of characters [start, end), clause by clause."""
    segments: list[PhonemeSegment] = []
    for found in _PUNCTUATION.finditer(text, start, end):
        segments += _phonemise_clause(text, start, found.start(), language)
        segments.append(PhonemeSegment(found.group(), (), found.start(), found.end()))
        start = found.end()
    return segments + _phonemise_clause(text, start, end, language)


def _phonemise_clause(text: str, start: int, end: int, language: str) -> list[PhonemeSegment]:
    """The segments of characters [start, end), which have no punctuation between words."""
    words = list(word_ranges(text, start, end))
    if not words:
        return [PhonemeSegment(" ", (), start, end)] if end > start else []
    library = get_library()
    spoken = library.phonemise_words(text[start:end], language)
    if len(spoken) == len(words) and all(_SPEAKABLE.search(text, a, b) for a, b in words):
        pairs = zip(spoken, (strip_punctuation(text, *word) for word in words), strict=True)
        return _insert_spaces([PhonemeSegment("".join(phones), phones, *word) for phones, word in pairs])
    alone = [[phone for word in library.phonemise_words(text[a:b], language) for phone in word] for a, b in words]
    lost = [
        text[a:b] for (a, b), phones in zip(words, alone, strict=True) if not phones and _SPEAKABLE.search(text[a:b])
    ]
    if lost:
        raise BadInput(f"eSpeak NG has no sound for {lost[0]!r} in the language {language!r}: write it another way.")
    return _assign_phones(spoken, alone, [strip_punctuation(text, *word) for word in words])


def _insert_spaces(words: Sequence[PhonemeSegment]) -> list[PhonemeSegment]:
    segments = []
    for word, following in zip(words, [*words[1:], None], strict=True):
        segments.append(word)
        if following is not None:
            segments.append(PhonemeSegment(" ", (), word.end, following.start))
    return segments


def _assign_phones(
    spoken: Sequence[Sequence[str]], alone: Sequence[Sequence[str]], words: Sequence[tuple[int, int]]
) -> list[PhonemeSegment]:
    """Assign the phones of a clause to its written words, where eSpeak NG joins or splits words ("of the", "3.5").

    `spoken` has the phones of the words that eSpeak NG speaks, `alone` those of each written word by itself. The two
    are aligned, and each phone goes to the written word of the phone that it is aligned with.
    """
    phones = [phone for word in spoken for phone in (*word, " ")][:-1]
    owners_alone = [owner for owner, found in enumerate(alone) for _ in found]
    flat_alone = [phone.strip("ˈˌ") for found in alone for phone in found]
    owners: list[int | None] = [None] * len(phones)
    matcher = difflib.SequenceMatcher(None, [phone.strip("ˈˌ") for phone in phones], flat_alone, autojunk=False)
    for _, a, b, c, d in matcher.get_opcodes():
        for offset in range(b - a):
            if d > c:
                owners[a + offset] = owners_alone[c + offset * (d - c) // (b - a)]
    segments: list[PhonemeSegment] = []
    for owner, group in groupby(zip(phones, _fill_owners(phones, owners), strict=True), key=lambda pair: pair[1]):
        own = tuple(phone for phone, _ in group)
        has_space = own[-1] == " "
        own = own[:-1] if has_space else own
        if own:
            segments.append(PhonemeSegment("".join(own), own, *words[owner]))
        if has_space:
            segments.append(PhonemeSegment(" ", (), words[owner][1], words[owner][1]))
    return segments


def _fill_owners(phones: Sequence[str], owners: Sequence[int | None]) -> Iterator[int]:
    """Owners that never decrease; a phone without one, and a space, get that of the phone before."""
    last = next((owner for owner in owners if owner is not None), 0)
    for phone, owner in zip(phones, owners, strict=True):
        if owner is not None and phone != " ":
            last = max(last, owner)
        yield last
