"""What is known of a model, as frozen data: where its code is, what it can do, what it needs.

Imports no model runtime: the web process reads this file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Literal

from .vocoder_settings import Knobs


@dataclass(frozen=True, slots=True)
class Entry:
    """One model. `target` is "module:function", called as `load(entry, device)` in the engine process."""

    name: str
    kind: Literal["tts", "stt", "speaker"]
    family: str
    target: str
    engines: Sequence[str]
    #: BCP 47 tags; ("*",) means that the model says itself (see `voices_target`).
    languages: Sequence[str]
    default_voice: str | None = None
    #: "module:function", called as `voices(entry)`: the list of `Voice`, made without the model.
    voices_target: str | None = None
    sample_rate_hz: int = 22_050
    #: Requests joined into one engine call.
    slots: int = 1
    #: Cores that one engine process uses.
    threads: int = 1
    #: Seconds of audio done in a second of one engine on one CPU core; sizes the chunks.
    speed: float = 1.0
    chunk_characters: int = 800
    #: Seconds without a tick after which the engine counts as hung.
    stall_s: float = 120.0
    #: Modules that must be importable for the model to run; an extra that installs them.
    needs: Sequence[str] = ()
    extra: str | None = None
    #: Packages to be installed besides, and without what they ask for themselves.
    bare_packages: Sequence[str] = ()
    #: The one of `engines` to use; None = the first.
    engine: str | None = None
    #: Hugging Face id or directory of the weights; None = the package carries them.
    source: str | None = None
    #: Further models that it is made of, by role ("vocoder", "language_model"): Hugging Face ids, directories or files.
    components: Mapping[str, str] = field(default_factory=dict)
    #: What is set on its vocoders: fields of `Knobs` (pipelines/catalog/vocoder_settings.py), as { sigma = 0.7 }.
    vocoder_settings: Mapping[str, float | str] = field(default_factory=dict)
    revision: str | None = None
    #: Request options this model honours beyond the ones that the pipeline does by itself.
    options: frozenset[str] = frozenset()
    #: Emotions that the model has a way of its own for, each with what is written before a passage to be said so; empty
    #: where prosody has to do (pipelines/catalog/emotions.py).
    emotions: Mapping[str, str] = field(default_factory=dict)
    #: Whether a voice says the same text otherwise with another seed.
    varies: bool = False
    #: Whether a voice says figures, dates and signs by itself; where it does not, rules of the language write them out.
    normalises: bool = False
    #: How speech is found for a recogniser: "silero", or "energy" for sounds that no speech detector knows.
    vad: str = "silero"
    #: Whether a recogniser writes punctuation and capitals by itself; where it does not, plain rules do.
    punctuates: bool = False
    #: Of a speaker encoder: the cosine of two vectors from which they count as one person's, for `known_speakers`; None
    #: where nobody has said or measured it.
    same_voice: float | None = None
    #: True when `model: auto` may choose it.
    auto: bool = True
    sample: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises ValueError for `vocoder_settings` that are wrong, or of a model that makes sound without a vocoder."""
        if self.vocoder_settings and "vocoder" not in self.options:
            raise ValueError('vocoder_settings are for models with "vocoder" among their options')
        Knobs.of(self.vocoder_settings)

    @property
    def queue(self) -> str:
        """Celery queue of the family: `tts.espeak`, `stt.whisper`."""
        return f"{self.kind}.{self.family}"

    @property
    def vocoders(self) -> Sequence[str]:
        """What the request option `vocoder` may be; empty for a model that makes sound without one.

        A default whose kind is not in its role ("vocoder", not "vocoder.hifigan") is asked for by leaving it unset.
        """
        if "vocoder" not in self.options:
            return ()
        named = (role.partition(".")[2] for role in self.components if role.startswith("vocoder."))
        return tuple(dict.fromkeys((*named, "griffin-lim")))

    @property
    def default_vocoder(self) -> str | None:
        """Role of the component that speaks unless a request chooses: "vocoder", else the first "vocoder.<kind>".

        None = Griffin-Lim, which needs no component.
        """
        if "vocoder" in self.components:
            return "vocoder"
        return next((role for role in self.components if role.startswith("vocoder.")), None)

    @property
    def installed(self) -> bool:
        """Whether the modules that it needs are here."""
        return all(find_spec(module) is not None for module in self.needs)

    @property
    def install(self) -> str:
        """The command that brings what it needs besides Voicemill itself; "" where it needs nothing."""
        steps = [f"pip install 'voicemill[{self.extra}]'"] if self.extra else []
        return " && ".join([*steps, *(f"pip install --no-deps {package}" for package in self.bare_packages)])

    @property
    def chunk_seconds(self) -> float:
        """Seconds of audio that one engine hears in about 30 s, between half a minute and twenty minutes."""
        return min(1200.0, max(30.0, 30.0 * self.speed))
