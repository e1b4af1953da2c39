"""Builds a family's input for each text segment of a chunk: text, voice, language, speed, options.

Knows requests, text segments and catalogue entries. What a model cannot do for a segment becomes a warning or an error
here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from pipelines.catalog.entry import SynthesisEntry
from pipelines.errors import UnsupportedOption
from pipelines.family import Recording, SynthesisInput
from pipelines.language_tags import primary_subtag, same_language, supports_language
from pipelines.requests import SynthesisRequest
from pipelines.text.aligned_text import AlignedText
from pipelines.text.cast import NARRATOR, resolve_voice
from pipelines.text.documents.registry import resolve_source_type
from pipelines.text.normalise.normaliser import LANGUAGES
from pipelines.text.normalised_text import TextNormaliser
from pipelines.text.pronunciation.lexicon import Lexicon
from pipelines.text.splitting.segment import TextSegment

from .prosody import Prosody

_TAG = re.compile(r"[a-z]{2,3}([-_+].*)?")
_PARTS = re.compile(r"[^a-z]+")
#: ISO 639 codes, and the empty tag, of documents that declare no single language.
_NO_LANGUAGE = frozenset({"", "und", "mul", "mis", "zxx"})


@dataclass(frozen=True, slots=True)
class PreparedInput:
    """A text segment, the family's input for it, and the alignment of the spoken text with the written one."""

    segment: TextSegment
    input: SynthesisInput
    spoken: AlignedText
    #: BCP 47, "" = not known; taken from the voice's name where nothing else states it.
    language: str


class SynthesisInputBuilder:
    """Builds the inputs of one chunk and collects warnings for the user."""

    def __init__(
        self,
        request: SynthesisRequest,
        entry: SynthesisEntry,
        document_language: str | None,
        references: Mapping[str, Recording] = MappingProxyType({}),
        lexicon: Lexicon | None = None,
    ) -> None:
        """`references`: the recordings of enrolled voices, by voice. `lexicon`: that of the request, if it is prepared
        already.
        """
        self._request = request
        self._entry = entry
        self._references = references
        self._cast = request.cast or {}
        #: The job's own voice; "" = the model's choice.
        self._narrator = request.voice or (resolve_voice(NARRATOR, self._cast) if request.has_narrator else "")
        self._language = request.language or _declared_language(document_language)
        #: Languages and phonemes of SSML are what the user asked for; those of a book are what it happens to have.
        self._is_strict = request.ssml is not None or _is_ssml(request)
        self._normaliser = TextNormaliser(
            Lexicon(request.lexicon or {}) if lexicon is None else lexicon,
            by_rules=True if request.normalise is None and not entry.normalises else request.normalise,
            reads_symbols=entry.normalises,
        )
        self._prosody = Prosody(request, entry, self._warn)
        #: What the text seems to be in, until it is decided whether that is followed.
        self._detected = ""
        #: Whether there is a voice for a language, where the entry alone does not tell.
        self._has_voice: Callable[[str], bool] | None = None

    def ask_voices(self, has_voice: Callable[[str], bool]) -> None:
        """Ask the loaded model, beside its entry, which languages (BCP 47) it speaks."""
        self._has_voice = has_voice

    def follow_detected(self, language: str | None) -> None:
        """Read the text in the language (BCP 47) that it seems to be in, where nobody names one and the model can."""
        self._detected = language or ""

    @property
    def warnings(self) -> list[str]:
        """Each warning once, in the order of first occurrence."""
        return list(self._normaliser.warnings)

    @property
    def pause_speed(self) -> float:
        """The divisor of the pauses between sentences: the job's speed and the factor of its emotion."""
        return self._prosody.pause_speed

    def add_warnings(self, warnings: Iterable[str]) -> None:
        """Add the warnings of a family on a segment that it synthesised."""
        for warning in warnings:
            self._warn(warning)

    def build(self, segment: TextSegment, seed: int) -> PreparedInput | None:
        """The input for a segment; None, with a warning, where nothing in it can be spoken.

        Raises `UnsupportedOption` for a language that the model does not speak and for phonemes that it does not take.
        """
        self._settle_language()
        segment = self._relax(segment)
        language = segment.style.language or self._language or self._guess_language(segment)
        if language and not supports_language(self._entry.languages, language):
            raise UnsupportedOption(self._describe_unspoken(language), field="language")
        normalised = self._normaliser.normalise(
            segment.text, language or self._voice_language(segment), segment.spoken_forms
        )
        if not any(char.isalnum() for char in normalised.aligned.text) and not self._entry.normalises:
            self._warn(f"{segment.text[:80]!r} has nothing in it that {self._entry.name} can say; it was left out.")
            return None
        options = self._prosody.options(segment.style.pitch)
        if normalised.phonemes:
            options["phonemes"] = self._check_phonemes(normalised.phonemes)
        voice = self._choose_voice(segment)
        self._warn_of_other_language(voice, segment.style.language or self._language)
        if voice in self._references:
            options["reference"] = self._references[voice]
        family_input = SynthesisInput(
            text=normalised.aligned.text,
            voice=voice,
            language=language,
            speed=self._prosody.speed(segment.style.rate),
            seed=seed,
            options=options,
        )
        return PreparedInput(segment, family_input, normalised.aligned, language or self._voice_tag(segment))

    def _settle_language(self) -> None:
        """Decide once whether the detected language is followed: a guess changes no voice that was asked for."""
        detected, self._detected = self._detected, ""
        if not detected or self._language:
            return
        own = self._voice_language(TextSegment(""))
        if own and same_language(own, detected):
            return  # it is read so without a word
        seems = f"No `language` was given, and the text seems to be in {detected!r}"
        named = self._narrator not in self._references and self._language_in_name(self._narrator)
        if named:
            self._warn(f"{seems}, which the voice {self._narrator!r} does not speak; name no voice, or one for it.")
        elif not self._speaks(detected):
            self._warn(f"{seems}, which {self._entry.name} does not speak; name a model or a voice for it.")
        else:
            self._warn(f"{seems}; it is read so. Name the language if it is another.")
            self._language = detected

    def _relax(self, segment: TextSegment) -> TextSegment:
        """The segment without what a book says and this model cannot do: another language, phonemes."""
        if self._is_strict:
            return segment
        other = segment.style.language
        if other and not self._speaks(other):
            self._warn(f"{self._entry.name} does not speak {other!r}; passages in it were read as the rest.")
            segment = replace(segment, style=replace(segment.style, language=None))
        if "phonemes" not in self._entry.options and any(form.kind == "ipa" for form in segment.spoken_forms):
            self._warn(f"{self._entry.name} takes no phonemes; those of the document were left aside.")
            kept = [form for form in segment.spoken_forms if form.kind != "ipa"]
            segment = replace(segment, spoken_forms=kept)
        return segment

    def _speaks(self, language: str) -> bool:
        has_voice = self._has_voice is None or self._has_voice(language)
        return has_voice and supports_language(self._entry.languages, language)

    def _describe_unspoken(self, language: str) -> str:
        known = ", ".join(self._entry.languages)
        message = f"{self._entry.name} does not speak {language!r}; it speaks: {known}."
        if language != self._request.language and not self._is_strict:
            message += (
                " That is the language of the document: name a model or a voice for it, or one of these as `language` "
                "(--language)."
            )
        return message

    def _choose_voice(self, segment: TextSegment) -> str:
        if segment.style.voice is not None:
            return resolve_voice(segment.style.voice, self._cast)
        if self._narrator in self._references:
            return self._narrator  # a model that clones voices speaks each of them in all of its languages
        other = segment.style.language
        if other and self._narrator and not same_language(other, self._language or self._narrator.partition("+")[0]):
            return ""  # the job's voice speaks another language: let the family choose one for this
        return self._narrator

    def _warn_of_other_language(self, voice: str, language: str) -> None:
        """Warn where the voice's name states another language than that of the text.

        Cloned voices have no language, and neither have the other voices of a model that clones.
        """
        if not voice or not language or "reference" in self._entry.options:
            return
        own = self._language_in_name(voice)
        if own and not same_language(own, language):
            self._warn(
                f"The voice {voice!r} speaks {_primary(own)!r}, and the language of what it reads is given as "
                f"{language!r}. Name a voice of that language, or none: the model then takes its own."
            )

    def _language_in_name(self, voice: str) -> str:
        """The language in a voice's name, such as `en-us+f3` or `v2/en_speaker_6`; "" = there is none."""
        if "*" in self._entry.languages:
            return voice.partition("+")[0] if _TAG.fullmatch(voice) else ""
        return next((part for part in _PARTS.split(voice.lower()) if part in self._entry.languages), "")

    def _voice_language(self, segment: TextSegment) -> str:
        """The default language: the model's only one, else the one in the voice's name; "" = not known."""
        languages = self._entry.languages
        if len(languages) == 1 and "*" not in languages:
            return languages[0]
        voice = self._choose_voice(segment)
        if voice in self._references:
            return ""  # its name is a random id
        voice = voice or self._entry.default_voice or ""
        if _primary(voice) in LANGUAGES:
            return voice.partition("+")[0]
        return next((part for part in _PARTS.split(voice.lower()) if part in languages), "")  # female-en-5

    def _guess_language(self, segment: TextSegment) -> str:
        """A language, with a warning, for a model of several languages that cannot detect that of a text."""
        languages = self._entry.languages
        if self._entry.normalises or len(languages) < 2 or "*" in languages:
            return ""
        guess = self._voice_language(segment) or languages[0]
        self._warn(
            f"No `language` was given; {self._entry.name} reads the text as {guess!r}. Name it if it is another."
        )
        return guess

    def _voice_tag(self, segment: TextSegment) -> str:
        voice = self._choose_voice(segment) or self._entry.default_voice or ""
        return self._voice_language(segment) or (voice if _TAG.fullmatch(voice) else "")

    def _check_phonemes(self, phonemes: Sequence[Any]) -> Sequence[Any]:
        if "phonemes" not in self._entry.options:
            field = "ssml" if self._request.ssml is not None else "lexicon"
            raise UnsupportedOption(
                f"{self._entry.name} takes no phonemes; write how the word sounds in letters instead.", field=field
            )
        return tuple(phonemes)

    def _warn(self, detail: str) -> None:
        self._normaliser.warnings[detail] = None


def _is_ssml(request: SynthesisRequest) -> bool:
    return resolve_source_type(request.source_type, request.source_name) == "ssml"


def _primary(tag_or_voice: str) -> str:
    """The primary subtag of a language, or of a voice such as `en-us+f3`."""
    return primary_subtag(tag_or_voice.partition("+")[0])


def _declared_language(language: str | None) -> str:
    return "" if _primary(language or "") in _NO_LANGUAGE else str(language)
