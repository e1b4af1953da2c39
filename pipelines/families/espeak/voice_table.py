"""The voices of eSpeak NG, and the choice of one for a language. Knows the library's list and BCP 47 tags."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import langcodes
from langcodes.tag_parser import LanguageTagError

from pipelines.errors import UnsupportedOption
from pipelines.family import Voice
from pipelines.language_tags import find_language

from .speech_process import SpeechProcess

_GENDERS = {1: "male", 2: "female"}
#: Every voice is listed a second time with this variant; all others can be requested as "<voice>+<variant>".
_FEMALE = "f2"
#: Tags of the library that have another meaning in BCP 47 (a country instead of a dialect).
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
#: Largest distance between a requested language and that of its voice: Swiss German gets German, not Dutch.
_LARGEST_DISTANCE = 15
#: The distance of languages whose speakers hardly understand each other.
_UNRELATED = 84
_MOST_RELATED = 4
_HOW_TO_LIST = "GET /tts/voices?family=espeak lists them."


@dataclass(frozen=True, slots=True)
class VoiceChoice:
    """A chosen voice. `name`: the library's name of its file, with the variant."""

    voice_id: str
    name: str
    language: str


@dataclass(slots=True)
class VoiceTable:
    """All voices of one library."""

    voices: list[Voice] = field(default_factory=list)
    version: str = ""
    _files: dict[str, str] = field(default_factory=dict)  # id → the library's name
    _variants: dict[str, str] = field(default_factory=dict)  # lower case → the library's spelling
    _tags: dict[str, list[tuple[int, str]]] = field(default_factory=dict)  # tag → (priority, id)

    @classmethod
    def load(cls, process: SpeechProcess) -> VoiceTable:
        """The table of the library in a speech process. Raises `EngineFailure`."""
        reply, _ = process.send({"operation": "list_voices"}, 30.0).read(lambda: None)
        table = cls(version=reply["version"])
        for name, identifier, languages, gender in reply["voices"]:
            if identifier.startswith("!v/"):
                table._variants[identifier[3:].lower()] = identifier[3:]
            elif languages and not identifier.startswith("mb/"):
                table._add(name.strip(), identifier, languages, _GENDERS.get(gender), reply["sample_rate_hz"])
        return table

    def _add(
        self, name: str, identifier: str, languages: list[tuple[int, str]], gender: str | None, rate_hz: int
    ) -> None:
        tag = languages[0][1].lower()
        # Two files may share a tag (Cantonese in two scripts): the id of the second is its file's name.
        voice_id = tag if tag not in self._files else identifier.rsplit("/", 1)[-1].lower()
        self._files[voice_id] = identifier
        for priority, known in languages:
            self._tags.setdefault(known.lower(), []).append((priority, voice_id))
        bcp47 = _TAGS.get(tag) or langcodes.standardize_tag(tag)
        self.voices.append(Voice(voice_id, name, bcp47, "espeak", gender, rate_hz))
        self.voices.append(Voice(f"{voice_id}+{_FEMALE}", f"{name}, female", bcp47, "espeak", "female", rate_hz))

    def choose(self, voice: str, language: str, default: str) -> VoiceChoice:
        """The requested voice, else one for the language, else the default. Raises `UnsupportedOption`."""
        if voice:
            return self._resolve(voice)
        return self._resolve(self.find_for_language(language, default) if language else default)

    def find_for_language(self, language: str, default: str) -> str:
        """Id of the best voice for a language; `default` where it is of that language. Raises `UnsupportedOption`."""
        if default.partition("-")[0] == language.lower().replace("_", "-"):
            return default
        nearest = self.find_nearest(language)
        if nearest is None:
            similar = ", ".join(self._list_related(language))
            cure = f"related ones are {similar}: name one" if similar else "name another one"
            raise UnsupportedOption(
                f"eSpeak NG has no voice for the language {language!r}; {cure} as `language` (--language). "
                f"{_HOW_TO_LIST}",
                field="language",
            )
        return nearest

    def find_nearest(self, language: str) -> str | None:
        """Id of the best voice for a language (BCP 47), of another region where there is none of its own."""
        wanted = language.lower().replace("_", "-")
        if wanted in self._tags:
            return min(self._tags[wanted])[1]
        known = self._by_language()
        try:
            found, _ = langcodes.closest_match(language, list(known), max_distance=_LARGEST_DISTANCE)
        except LanguageTagError:
            return None
        nearest = found if found in known else find_language(known, language)
        return known[nearest] if nearest is not None else None

    def _by_language(self) -> dict[str, str]:
        return {
            voice.language: voice.id
            for voice in reversed(self.voices)
            if "+" not in voice.id and "-x-" not in voice.language
        }

    def _list_related(self, language: str) -> list[str]:
        """Voices whose language many speakers of `language` understand, the nearest first."""
        try:
            distances = {voice: langcodes.tag_distance(language, tag) for tag, voice in self._by_language().items()}
        except LanguageTagError:
            return []
        related = sorted((distance, voice) for voice, distance in distances.items() if distance < _UNRELATED)
        return [voice for _, voice in related[:_MOST_RELATED]]

    def _resolve(self, voice: str) -> VoiceChoice:
        voice_id, _, variant = voice.lower().partition("+")
        if voice_id not in self._files or (variant and variant not in self._variants):
            similar = ", ".join(self._similar(voice_id)) or "en-us, de, fr-fr, es"
            raise UnsupportedOption(f"Unknown voice {voice!r}; known are {similar} …; {_HOW_TO_LIST}", field="voice")
        name = self._files[voice_id] + (f"+{self._variants[variant]}" if variant else "")
        return VoiceChoice(voice, name, next(known.language for known in self.voices if known.id == voice_id))

    def _similar(self, voice_id: str) -> Iterator[str]:
        yield from (known for known in self._files if known.partition("-")[0] == voice_id.partition("-")[0])
