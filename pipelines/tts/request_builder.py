"""What a family is asked for each piece of a chunk: words, voice, language, speed, options.

Knows requests, pieces and catalogue entries; what a family cannot do for a piece is a warning or an error here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pipelines.catalog.capabilities import speaks
from pipelines.catalog.entry import Entry
from pipelines.errors import UnsupportedOption
from pipelines.family import Recording, SpeakRequest
from pipelines.language_tags import alike
from pipelines.requests import SynthesisRequest
from pipelines.text.aligned_text import Spoken
from pipelines.text.cast import NARRATOR, voice_of
from pipelines.text.normalise.normaliser import LANGUAGES
from pipelines.text.normalised_text import Wordings
from pipelines.text.pronunciation.lexicon import Lexicon
from pipelines.text.splitting.chunks import Piece

from .prosody import Manner

_TAG = re.compile(r"[a-z]{2,3}([-_+].*)?")
_PARTS = re.compile(r"[^a-z]+")
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
        self._wordings = Wordings(
            Lexicon(request.lexicon or {}),
            by_rules=by_rules,
            strict=bool(request.normalise),
            reads_signs=entry.normalises,
        )
        self._manner = Manner(request, entry, self._warn)

    @property
    def warnings(self) -> list[str]:
        """Each once, in the order in which they came up."""
        return list(self._wordings.warnings)

    @property
    def pause_speed(self) -> float:
        """What the pauses between sentences are divided by: the job's speed, and what the emotion makes of them."""
        return self._manner.pause_speed

    def tell(self, remarks: Iterable[str]) -> None:
        """Add what a family says of a piece that it spoke to the warnings."""
        for remark in remarks:
            self._warn(remark)

    def asked(self, piece: Piece, seed: int) -> Asked | None:
        """The request for a piece; None where there is nothing in it that could be said.

        Raises `UnsupportedOption` for a language that the model does not speak and for phonemes that it does not take.
        """
        language = piece.style.language or self._language or self._guess(piece)
        if language and not speaks(self._entry, language):
            raise UnsupportedOption(
                f"{self._entry.name} does not speak {language!r}; it speaks: {', '.join(self._entry.languages)}.",
                field="language",
            )
        wording = self._wordings.wording(piece.text, language or self._voice_language(piece), piece.readings)
        if not any(sign.isalnum() for sign in wording.spoken.text) and not self._entry.normalises:
            self._warn(f"{piece.text[:80]!r} has nothing in it that {self._entry.name} can say; it was left out.")
            return None
        options = self._manner.options(piece.style.pitch)
        if wording.phonemes:
            options["phonemes"] = self._phonemes(wording.phonemes)
        voice = self._voice(piece)
        self._compare(voice, piece.style.language or self._language)
        if voice in self._references:
            options["reference"] = self._references[voice]
        request = SpeakRequest(
            text=wording.spoken.text,
            voice=voice,
            language=language,
            speed=self._manner.speed(piece.style.rate),
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

    def _compare(self, voice: str, language: str) -> None:
        """Warn of a voice that is named after another language than what it reads.

        One that takes after a recording has no language, nor has any other of a model that can do that.
        """
        if not voice or not language or "reference" in self._entry.options:
            return
        own = self._named_after(voice)
        if own and not alike(own, language):
            self._warn(
                f"The voice {voice!r} speaks {_primary(own)!r}, and the language of what it reads is given as "
                f"{language!r}. Name a voice of that language, or none: the model then takes its own."
            )

    def _named_after(self, voice: str) -> str:
        """Of a voice as en-us+f3 or v2/en_speaker_6: its language, as far as its name tells; "" = it does not."""
        if "*" in self._entry.languages:
            return voice.partition("+")[0] if _TAG.fullmatch(voice) else ""
        return next((part for part in _PARTS.split(voice.lower()) if part in self._entry.languages), "")

    def _voice_language(self, piece: Piece) -> str:
        """The language where nobody names one: the model's only one, else the one that a voice is named after."""
        languages = self._entry.languages
        if len(languages) == 1 and "*" not in languages:
            return languages[0]
        voice = self._voice(piece)
        if voice in self._references:
            return ""  # its name is a number
        voice = voice or self._entry.default_voice or ""
        if _primary(voice) in LANGUAGES:
            return voice.partition("+")[0]
        return next((part for part in _PARTS.split(voice.lower()) if part in languages), "")  # female-en-5

    def _guess(self, piece: Piece) -> str:
        """A language for a model that reads each text in one of several and cannot tell which."""
        languages = self._entry.languages
        if self._entry.normalises or len(languages) < 2 or "*" in languages:
            return ""
        guess = self._voice_language(piece) or languages[0]
        self._warn(
            f"No `language` was given; {self._entry.name} reads the text as {guess!r}. Name it if it is another."
        )
        return guess

    def _tag_of_voice(self, piece: Piece) -> str:
        voice = self._voice(piece) or self._entry.default_voice or ""
        return self._voice_language(piece) or (voice if _TAG.fullmatch(voice) else "")

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
