"""Words as eSpeak NG says them: phones of the International Phonetic Alphabet, and which word each belongs to.

The library keeps its state in global variables: asked by two threads at once it answers with wrong text or crashes.
This process has one copy of it behind one lock (about 8,000 short sentences a second). Its phones, unlike its sound,
do not depend on what was asked before. It only reads here; pipelines/families/espeak speaks, in processes of its own.
"""

from __future__ import annotations

import ctypes
import difflib
import os
import re
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path

from pipelines.errors import BadInput, ModelUnavailable, UnsupportedOption
from pipelines.text.words import bare, written_words

_SYNCHRONOUS, _DONT_EXIT = 2, 0x8000  # espeak_AUDIO_OUTPUT, espeakINITIALIZE_DONT_EXIT
_UTF8 = 1
#: espeakPHONEMES_IPA, with a character of our choice between phones.
_BETWEEN = "_"
_IPA = 2 | ord(_BETWEEN) << 8
#: The library keeps at most 160 bytes of the path to its data.
_LONGEST_PATH = 140
#: Marks stay as they are, for models that heard them in training; inside a word ("3.5", "a.m.") they are the word's.
_MARKS = re.compile(r"(?:\s*(?:(?<!\w)[;:,.!?¡¿—…\"«»“”(){}\[\]]+|[;:,.!?¡¿—…\"«»“”(){}\[\]]+(?!\w))\s*)+")
_LANGUAGE_SWITCH = re.compile(r"\([a-z-]+\)")
_SPOKEN = re.compile(r"[^\W_]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A word and its phones, or what stands between words (`phones` empty): a mark, a space.

    `text` is what a model of characters would read: for a word its phones, joined. [start, end) are its characters
    in the text that was asked about; a space that eSpeak NG put or left out belongs to nothing there.
    """

    text: str
    phones: tuple[str, ...]
    start: int
    end: int

    @property
    def is_word(self) -> bool:
        return bool(self.phones)


#: Characters [start, end) of a text, and how they are said: IPA as eSpeak NG writes it.
Given = tuple[int, int, str]


def pronounce(text: str, language: str, given: Sequence[Given] = ()) -> list[Piece]:
    """The pieces of `text` in order, stress marks at the vowels that have them.

    `language`: a voice of eSpeak NG or a BCP 47 tag ("en-us", "de"). `given`: stretches whose phones are known, in
    order. A phone may be a space, inside a word that is said as several. Raises `UnsupportedOption` for a language
    that is not there, `BadInput` for a word that it has no sound for, `ModelUnavailable` where the library is missing.
    """
    pieces: list[Piece] = []
    at = 0
    for start, end, phones in (*given, (len(text), len(text), "")):
        apart = bool(text[at:start].strip())
        if pieces and apart and text[at].isspace():
            pieces.append(Piece(" ", (), at, at))
        pieces += _stretch(text, at, start, language)
        if phones:
            if apart and text[start - 1].isspace() and not pieces[-1].text.endswith(" "):
                pieces.append(Piece(" ", (), start, start))
            pieces.append(Piece(phones, (phones,), start, end))
        at = end
    return pieces


def _stretch(text: str, start: int, end: int, language: str) -> list[Piece]:
    """The pieces of characters [start, end), clause by clause."""
    pieces: list[Piece] = []
    for mark in _MARKS.finditer(text, start, end):
        pieces += _clause(text, start, mark.start(), language)
        pieces.append(Piece(mark.group(), (), mark.start(), mark.end()))
        start = mark.end()
    return pieces + _clause(text, start, end, language)


def ipa(text: str, language: str) -> str:
    """All of it as one line, as `phonemizer` writes it with stress and punctuation."""
    return re.sub(r"\s+", " ", "".join(piece.text for piece in pronounce(text, language))).strip()


def _clause(text: str, start: int, end: int, language: str) -> list[Piece]:
    """The pieces of a stretch without marks."""
    words = list(written_words(text, start, end))
    if not words:
        return [Piece(" ", (), start, end)] if end > start else []
    library = _library()
    spoken = library.words(text[start:end], language)
    if len(spoken) == len(words) and all(_SPOKEN.search(text, a, b) for a, b in words):
        named = zip(spoken, (bare(text, *word) for word in words), strict=True)
        return _spaced([Piece("".join(phones), phones, *word) for phones, word in named])
    alone = [[phone for word in library.words(text[a:b], language) for phone in word] for a, b in words]
    lost = [text[a:b] for (a, b), phones in zip(words, alone, strict=True) if not phones and _SPOKEN.search(text[a:b])]
    if lost:
        raise BadInput(f"eSpeak NG has no sound for {lost[0]!r} in the language {language!r}: write it another way.")
    return _divided(spoken, alone, [bare(text, *word) for word in words])


def _spaced(words: Sequence[Piece]) -> list[Piece]:
    pieces = []
    for word, following in zip(words, [*words[1:], None], strict=True):
        pieces.append(word)
        if following is not None:
            pieces.append(Piece(" ", (), word.end, following.start))
    return pieces


def _divided(
    spoken: Sequence[Sequence[str]], alone: Sequence[Sequence[str]], words: Sequence[tuple[int, int]]
) -> list[Piece]:
    """The phones of a clause given to its words, where eSpeak NG joins words ("of the") or says one as several ("3.5").

    Each phone goes to the word whose phones, said alone, are like those around it.
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
    pieces: list[Piece] = []
    for owner, group in groupby(zip(phones, _filled(phones, owners), strict=True), key=lambda pair: pair[1]):
        own = tuple(phone for phone, _ in group)
        trailing = own[-1] == " "
        own = own[:-1] if trailing else own
        if own:
            pieces.append(Piece("".join(own), own, *words[owner]))
        if trailing:
            pieces.append(Piece(" ", (), words[owner][1], words[owner][1]))
    return pieces


def _filled(phones: Sequence[str], owners: Sequence[int | None]) -> Iterator[int]:
    """Owners that never go back; a phone without one, and a space, goes with the phone before it."""
    last = next((owner for owner in owners if owner is not None), 0)
    for phone, owner in zip(phones, owners, strict=True):
        if owner is not None and phone != " ":
            last = max(last, owner)
        yield last


class _Library:
    """The C library through ctypes. Raises `ModelUnavailable` where it cannot start."""

    def __init__(self) -> None:
        if find_spec("espeakng_loader") is None:
            raise ModelUnavailable("Phonemes need eSpeak NG: pip install 'voicemill[espeak]'.")
        import espeakng_loader

        self._lock = threading.Lock()
        self._voice: str | None = None
        self._data = _short_path(Path(espeakng_loader.get_data_path()))
        try:
            self._lib = ctypes.CDLL(espeakng_loader.get_library_path())
        except OSError as error:
            raise ModelUnavailable(f"eSpeak NG cannot be loaded: {error}") from error
        self._lib.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self._lib.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int]
        if self._lib.espeak_Initialize(_SYNCHRONOUS, 0, os.fsencode(self._data), _DONT_EXIT) <= 0:
            raise ModelUnavailable(f"eSpeak NG does not start with its data in {self._data}.")

    def words(self, text: str, language: str) -> list[tuple[str, ...]]:
        """Phones of each word that is said."""
        with self._lock:
            self._choose(language)
            rest = ctypes.c_char_p(text.replace("\0", " ").encode("utf-8", "replace"))
            clauses = []
            while rest.value is not None:
                clauses.append(self._lib.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, _IPA) or b"")
        said = _LANGUAGE_SWITCH.sub("", " ".join(clause.decode("utf-8", "replace") for clause in clauses))
        words = (tuple(phone for phone in word.split(_BETWEEN) if phone) for word in said.split())
        return [word for word in words if word]

    def _choose(self, language: str) -> None:
        if self._voice == language:
            return
        for name in (language.lower(), language.lower().partition("-")[0]):
            if self._lib.espeak_SetVoiceByName(name.encode()) == 0:
                self._voice = language
                return
        self._voice = None
        raise UnsupportedOption(f"eSpeak NG does not know the language {language!r}.", field="language")


_starting = threading.Lock()


def _library() -> _Library:
    """The one copy of this process; `cache` alone would let two threads start it."""
    with _starting:
        return _started()


@cache
def _started() -> _Library:
    return _Library()


def _short_path(data: Path) -> Path:
    """A path to the data that the library can keep."""
    if len(os.fsencode(data)) <= _LONGEST_PATH:
        return data
    link = Path(tempfile.mkdtemp(prefix="voicemill-espeak-")) / data.name
    link.symlink_to(data)
    return link
