"""What a family is asked for each piece of a chunk: words, voice, language, speed, options.

Knows requests, pieces and catalogue entries; what a family cannot do for a piece is a warning or an error here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from .catalog import Entry
from .errors import UnsupportedOption
from .family import Recording, SpeakRequest
from .requests import SynthesisRequest
from .support import speaks
from .text.cast import NARRATOR, voice_of
from .text.chunks import Piece
from .text.lexicon import Lexicon
from .text.normalise.normaliser import LANGUAGES
from .text.spoken import Spoken
from .text.wording import Wordings

#: Fields of a request that are the model's business alone; `support` refuses them where it has none.
MODEL_OPTIONS = ("pitch", "energy", "noise_scale", "duration_noise", "vocoder", "emotion")
#: Voices vary by about three semitones around their own pitch; `pitch` counts such steps.
_SEMITONES = 3.0
_PITCH_LIMIT = 3.0
_SLOWEST, _FASTEST = 0.5, 2.0
_TAG = re.compile(r"[a-z]{2,3}([-_+].*)?")
#: What documents say where they do not know their language.
_NO_LANGUAGE = frozenset({"", "und", "mul", "mis", "zxx"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A piece, the request that speaks it, and where its words were written."""

    piece: Piece
    request: SpeakRequest
    spoken: Spoken
    #: BCP 47, as far as anybody knows: also of a voice that is named after its language.
    language: str


class Asking:
    """Makes the requests of one chunk; `warnings` is what the user should know of them."""

    def __init__(
        self,
        request: SynthesisRequest,
        entry: Entry,
        document_language: str | None,
        references: Mapping[str, Recording] = MappingProxyType({}),
    ) -> None:
        """`references`: the recordings of enrolled voices, by voice."""
        self._request = request
        self._entry = entry
        self._references = references
        self._cast = request.cast or {}
        #: The job's own voice; "" = the model's choice.
        self._narrator = request.voice or (voice_of(NARRATOR, self._cast) if request.has_narrator else "")
        self._language = request.language or _known(document_language)
        by_rules = not entry.normalises if request.normalise is None else request.normalise
        self._wordings = Wordings(Lexicon(request.lexicon or {}), by_rules=by_rules, strict=bool(request.normalise))
        self._options = {name: value for name in MODEL_OPTIONS if (value := getattr(request, name)) is not None}

    @property
    def warnings(self) -> list[str]:
        """Each once, in the order in which they came up."""
        return list(self._wordings.warnings)

    def asked(self, piece: Piece, seed: int) -> Asked | None:
        """The request for a piece; None where there is nothing in it that could be said.

        Raises `UnsupportedOption` for a language that the model does not speak and for phonemes that it does not take.
        """
        language = piece.style.language or self._language
        if language and not speaks(self._entry, language):
            raise UnsupportedOption(
                f"{self._entry.name} does not speak {language!r}; it speaks: {', '.join(self._entry.languages)}.",
                field="language",
            )
        wording = self._wordings.wording(piece.text, language or self._voice_language(piece), piece.readings)
        if not any(sign.isalnum() for sign in wording.spoken.text) and not self._entry.normalises:
            self._warn(f"{piece.text[:80]!r} has nothing in it that {self._entry.name} can say; it was left out.")
            return None
        options = dict(self._options)
        if wording.phonemes:
            options["phonemes"] = self._phonemes(wording.phonemes)
        self._set_pitch(options, piece.style.pitch)
        voice = self._voice(piece)
        if voice in self._references:
            options["reference"] = self._references[voice]
        request = SpeakRequest(
            text=wording.spoken.text,
            voice=voice,
            language=language,
            speed=self._speed(piece.style.rate),
            seed=seed,
            options=options,
        )
        return Asked(piece, request, wording.spoken, language or self._tag_of_voice(piece))

    def _voice(self, piece: Piece) -> str:
        if piece.style.voice is not None:
            return voice_of(piece.style.voice, self._cast)
        if self._narrator in self._references:
            return self._narrator  # whoever speaks with any voice does so in any of its languages
        other = piece.style.language
        if other and self._narrator and _primary(other) != _primary(self._language or self._narrator):
            return ""  # the job's voice speaks another language: the family has one for this
        return self._narrator

    def _voice_language(self, piece: Piece) -> str:
        """The language where nobody names one: the model's only one, else the one that a voice is named after."""
        if len(self._entry.languages) == 1 and "*" not in self._entry.languages:
            return self._entry.languages[0]
        voice = self._voice(piece) or self._entry.default_voice or ""
        return voice.partition("+")[0] if _primary(voice) in LANGUAGES else ""

    def _tag_of_voice(self, piece: Piece) -> str:
        voice = self._voice(piece) or self._entry.default_voice or ""
        return self._voice_language(piece) or (voice if _TAG.fullmatch(voice) else "")

    def _speed(self, rate: float) -> float:
        if rate == 1.0:
            return self._request.speed
        if "speed" not in self._entry.options:
            self._warn(f"prosody rate: {self._entry.name} speaks at one speed only.")
            return self._request.speed
        wanted = self._request.speed * rate
        if not _SLOWEST <= wanted <= _FASTEST:
            self._warn(f"prosody rate: speeds are {_SLOWEST} to {_FASTEST}; {wanted:.2f} was brought within.")
        return min(_FASTEST, max(_SLOWEST, wanted))

    def _set_pitch(self, options: dict[str, Any], semitones: float) -> None:
        if not semitones:
            return
        if "pitch" not in self._entry.options:
            self._warn(f"prosody pitch: {self._entry.name} has no control of pitch.")
            return
        wanted = (self._request.pitch or 0.0) + semitones / _SEMITONES
        options["pitch"] = min(_PITCH_LIMIT, max(-_PITCH_LIMIT, wanted))

    def _phonemes(self, phonemes: Sequence[Any]) -> Sequence[Any]:
        if "phonemes" not in self._entry.options:
            field = "ssml" if self._request.ssml is not None else "lexicon"
            raise UnsupportedOption(
                f"{self._entry.name} takes no phonemes; write how the word sounds in letters instead.", field=field
            )
        return tuple(phonemes)

    def _warn(self, detail: str) -> None:
        self._wordings.warnings[detail] = None


def _primary(tag: str) -> str:
    return tag.replace("_", "-").replace("+", "-").partition("-")[0].lower()


def _known(language: str | None) -> str:
    return "" if _primary(language or "") in _NO_LANGUAGE else str(language)
