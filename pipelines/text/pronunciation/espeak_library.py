"""The C library eSpeak NG as a phonemiser: text in, phones of the International Phonetic Alphabet out.

The library keeps its state in global variables: called by two threads at once it returns wrong text or crashes. So this
process has one instance behind one lock (about 8,000 short sentences a second). Its phones, unlike its audio, do not
depend on earlier calls. Synthesis is in pipelines/families/espeak, in processes of its own.
"""

from __future__ import annotations

import ctypes
import os
import re
import tempfile
import threading
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from pipelines.errors import ModelUnavailable, UnsupportedOption

_SYNCHRONOUS, _DONT_EXIT = 2, 0x8000  # espeak_AUDIO_OUTPUT, espeakINITIALIZE_DONT_EXIT
_UTF8 = 1
_SEPARATOR = "_"
#: espeakPHONEMES_IPA, with a separator between phones.
_IPA = 2 | ord(_SEPARATOR) << 8
#: The library keeps at most 160 bytes of the path to its data.
_MAX_PATH_BYTES = 140
_LANGUAGE_SWITCH = re.compile(r"\([a-z-]+\)")


class EspeakLibrary:
    """The library through ctypes. Raises `ModelUnavailable` where it cannot start."""

    def __init__(self) -> None:
        if find_spec("espeakng_loader") is None:
            raise ModelUnavailable(
                "Phonemes need eSpeak NG: pip install 'voicemill[espeak]'.",
                for_caller="This server has no phonemes for this voice; choose another model.",
            )
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

    def phonemise_words(self, text: str, language: str) -> list[tuple[str, ...]]:
        """The phones of each spoken word, without the words that have none.

        `language`: a voice of eSpeak NG or a BCP 47 tag. Raises `UnsupportedOption` for one that it does not have.
        """
        with self._lock:
            self._select_voice(language)
            rest = ctypes.c_char_p(text.replace("\0", " ").encode("utf-8", "replace"))
            clauses = []
            while rest.value is not None:
                clauses.append(self._lib.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, _IPA) or b"")
        phonemes = _LANGUAGE_SWITCH.sub("", " ".join(clause.decode("utf-8", "replace") for clause in clauses))
        words = (tuple(phone for phone in word.split(_SEPARATOR) if phone) for word in phonemes.split())
        return [word for word in words if word]

    def _select_voice(self, language: str) -> None:
        if self._voice == language:
            return
        for name in (language.lower(), language.lower().partition("-")[0]):
            if self._lib.espeak_SetVoiceByName(name.encode()) == 0:
                self._voice = language
                return
        self._voice = None
        raise UnsupportedOption(f"eSpeak NG does not know the language {language!r}.", field="language")


_start_lock = threading.Lock()


def get_library() -> EspeakLibrary:
    """The one instance of this process, started at the first call; `cache` alone would let two threads start it."""
    with _start_lock:
        return _start()


@cache
def _start() -> EspeakLibrary:
    return EspeakLibrary()


def _short_path(data: Path) -> Path:
    """A path to the data that is short enough for the library: a link, where the real one is not."""
    if len(os.fsencode(data)) <= _MAX_PATH_BYTES:
        return data
    link = Path(tempfile.mkdtemp(prefix="voicemill-espeak-")) / data.name
    link.symlink_to(data)
    return link
