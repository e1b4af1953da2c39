"""The C library through ctypes: initialise, list voices, synthesise a text. Knows nothing of processes or requests.

Synthesis changes the state of the library (the same sentence later gives other samples), so that a process that needs
reproducible samples synthesises one text and ends; see `speech_server`.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import espeakng_loader

_SYNCHRONOUS = 2  # espeak_AUDIO_OUTPUT: samples come through the callback, in this thread
_DONT_EXIT = 0x8000  # espeakINITIALIZE_DONT_EXIT
_UTF8 = 1  # espeakCHARS_UTF8; markup stays off: the text is text
_PHONEMES = 0x100  # espeakPHONEMES: [[names of phonemes]] in the text
_POSITION_CHARACTER = 1
_RATE = 1  # espeakRATE, words a minute
_PITCH = 3  # espeakPITCH, 0 to 100, 50 for the voice's own
#: Milliseconds of audio per callback; long, because every callback runs Python code.
_BUFFER_MS = 4000

EVENT_END_OF_LIST, EVENT_WORD, EVENT_END = 0, 1, 5


class _EventId(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),  # characters, from 1
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    ]


class _Voice(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("languages", ctypes.POINTER(ctypes.c_char)),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("x1", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    ]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True, slots=True)
class VoiceFile:
    """A voice in the library's list. `languages` are (priority, tag), the smallest priority first."""

    name: str
    identifier: str
    languages: tuple[tuple[int, str], ...]
    gender: int  # 0 none, 1 male, 2 female


@dataclass(frozen=True, slots=True)
class EspeakEvent:
    """A word begins, or a clause ends, at `sample`; characters [position, position + length) of the text, from 0."""

    type: int
    position: int
    length: int
    sample: int


class Espeak:
    """The library, initialised. Raises OSError where it or its data cannot be loaded."""

    def __init__(self) -> None:
        self._lib = ctypes.CDLL(espeakng_loader.get_library_path())
        self._lib.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        self._lib.espeak_Info.restype = ctypes.c_char_p
        # The library keeps at most 160 bytes of the path and fails on longer ones; a relative one always fits.
        self._data = Path(espeakng_loader.get_data_path())
        os.chdir(self._data.parent)
        self.sample_rate_hz: int = self._lib.espeak_Initialize(_SYNCHRONOUS, _BUFFER_MS, b".", _DONT_EXIT)
        if self.sample_rate_hz <= 0:
            raise OSError(f"eSpeak NG does not start with its data in {self._data}")
        self.version: str = self._lib.espeak_Info(None).decode()

    def voices(self) -> Iterator[VoiceFile]:
        """All usable voices, and all variants ("!v/…" identifiers), which can be combined with any voice.

        A voice whose dictionary is not among the library's data is left out: it would give no sound.
        """
        dictionaries = {path.name.removesuffix("_dict") for path in self._data.glob("*_dict")}
        variants = _Voice(languages=ctypes.cast(ctypes.c_char_p(b"variant"), ctypes.POINTER(ctypes.c_char)))
        for pattern in (None, variants):
            listed = self._lib.espeak_ListVoices(None if pattern is None else ctypes.byref(pattern))
            index = 0
            while listed[index]:
                voice = _read_voice(listed[index].contents)
                languages = {tag.partition("-")[0] for _, tag in voice.languages}
                if voice.identifier.startswith("!v/") or languages & dictionaries:
                    yield voice
                index += 1

    def load(self, voice: str) -> bool:
        """Load a voice by the name of its file, optionally followed by "+variant"; False for an unknown one."""
        return self._lib.espeak_SetVoiceByName(voice.encode()) == 0

    def synthesise(
        self, text: str, words_per_minute: int, *, pitch: int | None = None, phonemes: bool = False
    ) -> tuple[bytes, list[EspeakEvent]]:
        """Mono s16 samples and the events of `text` in the loaded voice.

        `pitch` is 0 to 100, None = the voice's own; `phonemes`: whether [[…]] in the text is phoneme mnemonics.
        Raises OSError for a failure.
        """
        self._lib.espeak_SetParameter(_RATE, words_per_minute, 0)
        if pitch is not None:
            self._lib.espeak_SetParameter(_PITCH, pitch, 0)
        data, events = bytearray(), list[EspeakEvent]()

        def receive(samples: ctypes._Pointer[ctypes.c_short], count: int, found: ctypes._Pointer[_Event]) -> int:
            if count > 0:
                data.extend(ctypes.string_at(samples, 2 * count))
            index = 0
            while found[index].type != EVENT_END_OF_LIST:
                event = found[index]
                events.append(EspeakEvent(event.type, event.text_position - 1, event.length, event.sample))
                index += 1
            return 0

        callback = _Callback(receive)
        self._lib.espeak_SetSynthCallback(callback)
        encoded = text.encode("utf-8", "replace") + b"\0"
        flags = _UTF8 | (_PHONEMES if phonemes else 0)
        if self._lib.espeak_Synth(encoded, len(encoded), 0, _POSITION_CHARACTER, 0, flags, None, None) != 0:
            raise OSError("eSpeak NG could not synthesise the text")
        return bytes(data), events


def _read_voice(voice: _Voice) -> VoiceFile:
    return VoiceFile(
        name=(voice.name or b"").decode("utf-8", "replace"),
        identifier=(voice.identifier or b"").decode("utf-8", "replace"),
        languages=tuple(_read_languages(voice)),
        gender=voice.gender,
    )


def _read_languages(voice: _Voice) -> Iterator[tuple[int, str]]:
    """The C string has a priority byte, a tag and a zero byte for each language, and a zero byte at its end."""
    address = ctypes.cast(voice.languages, ctypes.c_void_p).value or 0
    while address and (priority := ctypes.string_at(address, 1)[0]):
        tag = ctypes.string_at(address + 1)
        yield priority, tag.decode("utf-8", "replace")
        address += 2 + len(tag)
