"""Which voices there are, and which one speaks a language. Knows the library's list and BCP 47 tags."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import langcodes

from pipelines.errors import UnsupportedOption
from pipelines.family import Voice

from .speech_process import SpeechProcess

_GENDERS = {1: "male", 2: "female"}
#: Every voice is listed a second time with this variant; all others can be asked for as "<voice>+<variant>".
_FEMALE = "f2"
#: Tags of the library that mean something else in BCP 47 (a country, where it has a dialect).
_TAGS = {
    "ca-ba": "ca-x-balear",
    "ca-nw": "ca-x-nordocc",
    "ca-va": "ca-x-valencia",
    "chr-us-qaaa-x-west": "chr-US-x-west",
    "en-gb-scotland": "en-GB-x-scotland",
    "en-us-nyc": "en-US-x-nyc",
    "piqd": "tlh-Piqd",
    "py": "art-x-pyash",
    "ru-cl": "ru-x-classic",
}
#: How different a language may be for its voice to stand in: Swiss German for German, not Dutch.
_LARGEST_DISTANCE = 15
_HOW_TO_LIST = "GET /tts/voices?family=espeak lists them."


@dataclass(frozen=True, slots=True)
class Choice:
    """What the library is asked for: the voice's file, with its variant."""

    voice_id: str
    name: str
    language: str


@dataclass(slots=True)
class VoiceTable:
    """All voices of one library."""

    voices: list[Voice] = field(default_factory=list)
    version: str = ""
    _files: dict[str, str] = field(default_factory=dict)  # id → name for the library
    _variants: dict[str, str] = field(default_factory=dict)  # lower case → as the library spells it
    _tags: dict[str, list[tuple[int, str]]] = field(default_factory=dict)  # tag → (priority, id)

    @classmethod
    def ask(cls, process: SpeechProcess) -> VoiceTable:
        """The table of a running library. Raises `EngineFailure`."""
        reply, _ = process.ask({"do": "voices"}, 30.0).read(lambda: None)
        table = cls(version=reply["version"])
        for name, identifier, languages, gender in reply["voices"]:
            if identifier.startswith("!v/"):
                table._variants[identifier[3:].lower()] = identifier[3:]
            elif languages and not identifier.startswith("mb/"):
                table._add(name.strip(), identifier, languages, _GENDERS.get(gender), reply["sample_rate_hz"])
        return table

    def _add(self, name: str, identifier: str, languages: list, gender: str | None, rate_hz: int) -> None:
        tag = languages[0][1].lower()
        # Two files may share a tag (Cantonese in two scripts): the second goes by its file's name.
        voice_id = tag if tag not in self._files else identifier.rsplit("/", 1)[-1].lower()
        self._files[voice_id] = identifier
        for priority, known in languages:
            self._tags.setdefault(known.lower(), []).append((priority, voice_id))
        bcp47 = _TAGS.get(tag) or langcodes.standardize_tag(tag)
        self.voices.append(Voice(voice_id, name, bcp47, "espeak", gender, rate_hz))
        self.voices.append(Voice(f"{voice_id}+{_FEMALE}", f"{name}, female", bcp47, "espeak", "female", rate_hz))

    def choose(self, voice: str, language: str, default: str) -> Choice:
        """The voice asked for, else one for the language, else the default. Raises `UnsupportedOption`."""
        if voice:
            return self._named(voice)
        return self._named(self.for_language(language, default) if language else default)

    def for_language(self, language: str, default: str) -> str:
        """Id of the voice that speaks a language best; `default` where it speaks it too. Raises `UnsupportedOption`."""
        wanted = language.lower().replace("_", "-")
        if default.partition("-")[0] == wanted:
            return default
        if wanted in self._tags:
            return min(self._tags[wanted])[1]
        try:
            known = {
                voice.language: voice.id
                for voice in reversed(self.voices)
                if "+" not in voice.id and "-x-" not in voice.language
            }
            found, _ = langcodes.closest_match(language, list(known), max_distance=_LARGEST_DISTANCE)
        except langcodes.LanguageTagError:
            found = "und"
        if found not in known:
            raise UnsupportedOption(f"eSpeak NG has no voice for {language!r}; {_HOW_TO_LIST}", field="language")
        return known[found]

    def _named(self, voice: str) -> Choice:
        voice_id, _, variant = voice.lower().partition("+")
        if voice_id not in self._files or (variant and variant not in self._variants):
            near = ", ".join(self._near(voice_id)) or "en-us, de, fr-fr, es"
            raise UnsupportedOption(f"Unknown voice {voice!r}; known are {near} …; {_HOW_TO_LIST}", field="voice")
        name = self._files[voice_id] + (f"+{self._variants[variant]}" if variant else "")
        return Choice(voice, name, next(known.language for known in self.voices if known.id == voice_id))

    def _near(self, voice_id: str) -> Iterator[str]:
        yield from (known for known in self._files if known.partition("-")[0] == voice_id.partition("-")[0])
