"""Catalogue entries: what is known of a model without loading it, as frozen data. One type for each kind of model.

Imports no model runtime: the web process reads this file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from typing import ClassVar, Literal

from pipelines.pipeline import Limits

from .vocoder_settings import VocoderSettings

Kind = Literal["tts", "stt", "speaker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What models of all kinds have; each kind is a subclass. The fields are the keys of a table in `models.toml`."""

    kind: ClassVar[Kind]

    name: str
    family: str
    #: "module:function", called as `load(entry, device)` in the engine process.
    target: str
    engines: Sequence[str]
    #: BCP 47 tags; ("*",) = the model itself decides which ones it supports.
    languages: Sequence[str]
    sample_rate_hz: int = 22_050
    #: Requests joined into one call of the engine.
    slots: int = 1
    #: Cores that one engine process uses.
    threads: int = 1
    #: Seconds of audio processed in a second by one engine on one CPU core; determines the size of chunks.
    speed: float = 1.0
    #: Seconds without a tick after which the engine counts as hung.
    stall_s: float = 120.0
    #: Modules that must be importable for the model to run, and the extra that installs them.
    needs: Sequence[str] = ()
    extra: str | None = None
    #: Packages to install besides, without their own dependencies.
    bare_packages: Sequence[str] = ()
    #: The one of `engines` to use; None = the first.
    engine: str | None = None
    #: Hugging Face id or directory of the weights; None = the package contains them.
    source: str | None = None
    #: Further models that it consists of, by role ("vocoder", "language_model"): Hugging Face ids, folders or files.
    components: Mapping[str, str] = field(default_factory=dict)
    revision: str | None = None
    #: Request options that this model supports beyond those of the pipeline.
    options: frozenset[str] = frozenset()
    #: Whether `model: auto` may choose it.
    auto: bool = True

    @property
    def queue(self) -> str:
        """Celery queue of the family: `tts.espeak`, `stt.whisper`."""
        return f"{self.kind}.{self.family}"

    @property
    def installed(self) -> bool:
        """Whether the modules that it needs are installed."""
        return all(find_spec(module) is not None for module in self.needs)

    @property
    def install(self) -> str:
        """The command that installs what it needs besides Voicemill itself; "" where it needs nothing."""
        steps = [f"pip install 'voicemill[{self.extra}]'"] if self.extra else []
        return " && ".join([*steps, *(f"pip install --no-deps {package}" for package in self.bare_packages)])

    def apply_to(self, limits: Limits) -> Limits:
        """The limits of a server with those of this model, by which a pipeline sizes its chunks."""
        return replace(limits, speed=self.speed, sample_rate_hz=self.sample_rate_hz)


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthesisEntry(Entry):
    """A text-to-speech model."""

    kind: ClassVar[Kind] = "tts"

    default_voice: str | None = None
    #: "module:function", called as `voices(entry)`: the list of `Voice`, made without the model.
    voices_target: str | None = None
    #: Most characters in a chunk.
    chunk_characters: int = 800
    #: Fields of `VocoderSettings` (pipelines/catalog/vocoder_settings.py) for its vocoders, as { sigma = 0.7 }.
    vocoder_settings: Mapping[str, float | str] = field(default_factory=dict)
    #: Emotions that the model has a control of its own for, each with the text to put before a passage; empty where
    #: prosody is the only control (pipelines/catalog/emotions.py).
    emotions: Mapping[str, str] = field(default_factory=dict)
    #: Whether a text sounds different with another seed.
    varies: bool = False
    #: Whether it normalises numbers, dates and symbols itself; if not, the rules of the language do.
    normalises: bool = False

    def __post_init__(self) -> None:
        """Raises ValueError for invalid `vocoder_settings`, and for those of a model without a vocoder."""
        if self.vocoder_settings and "vocoder" not in self.options:
            raise ValueError('vocoder_settings are for models with "vocoder" among their options')
        VocoderSettings.from_mapping(self.vocoder_settings)

    @property
    def vocoders(self) -> Sequence[str]:
        """Values of the request option `vocoder`; empty for a model without one.

        A default whose kind is not in its role ("vocoder", not "vocoder.hifigan") is chosen by leaving the option out.
        """
        if "vocoder" not in self.options:
            return ()
        named = (role.partition(".")[2] for role in self.components if role.startswith("vocoder."))
        return tuple(dict.fromkeys((*named, "griffin-lim")))

    @property
    def default_vocoder(self) -> str | None:
        """Role of the vocoder component that is used by default: "vocoder", else the first "vocoder.<kind>".

        None = Griffin-Lim, which needs no component.
        """
        if "vocoder" in self.components:
            return "vocoder"
        return next((role for role in self.components if role.startswith("vocoder.")), None)

    def apply_to(self, limits: Limits) -> Limits:
        """See `Entry`."""
        return replace(Entry.apply_to(self, limits), chunk_characters=self.chunk_characters)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognitionEntry(Entry):
    """A speech recognition model."""

    kind: ClassVar[Kind] = "stt"

    #: Voice activity detector: "silero", or "energy" for audio that is not speech.
    vad: str = "silero"
    #: Whether it writes punctuation and capitals itself; if not, simple rules do.
    punctuates: bool = False

    @property
    def chunk_seconds(self) -> float:
        """Seconds of audio that one engine transcribes in about 30 s, between half a minute and twenty minutes."""
        return min(1200.0, max(30.0, 30.0 * self.speed))

    def apply_to(self, limits: Limits) -> Limits:
        """See `Entry`."""
        return replace(Entry.apply_to(self, limits), chunk_seconds=self.chunk_seconds, vad=self.vad)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakerEntry(Entry):
    """A speaker encoder."""

    kind: ClassVar[Kind] = "speaker"

    #: The cosine of two embeddings from which they count as one person's, for `known_speakers`; None = not measured.
    same_voice: float | None = None


ENTRY_TYPES: Mapping[str, type[Entry]] = {each.kind: each for each in (SynthesisEntry, RecognitionEntry, SpeakerEntry)}
