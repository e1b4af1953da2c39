"""Interfaces of the model families: speech synthesis, speech recognition, speaker embeddings, and their data types.

A family's `load` is called once in the engine process. The object that it returns is called from one thread per lane (a
bulk lane and an interactive lane) with the requests of several jobs in one list, `slots` at most; results come in the
same order. A family never imports another family, and raises only errors of `pipelines.errors`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from pipelines.catalog.entry import RecognitionEntry, SpeakerEntry, SynthesisEntry
from pipelines.text.word_marks import WordMark

Samples = NDArray[np.int16]

#: Called by a family between steps; raises `pipelines.pipeline.StepInterrupted` when the result is no longer needed.
Tick = Callable[[], None]

#: A speaker's voice as a vector, float32; the size is the encoder's. Those of a `SpeakerFamily` have length 1, and the
#: more alike two voices are, the larger is their scalar product.
SpeakerEmbedding = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording of one speaker: mono int16 at `sample_rate_hz`."""

    samples: Samples
    sample_rate_hz: int


@dataclass(frozen=True, slots=True)
class SynthesisInput:
    """One passage to synthesise in one voice. `text` is plain; `seed` is the only source of randomness.

    `options` has the fields of the job's request that only the model interprets, and "reference" where the voice is
    that of a recording: a `SpeakerEmbedding`, or the `Recording` itself. `voice` then is a name for messages only.
    """

    text: str
    voice: str
    language: str
    speed: float = 1.0
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Speech:
    """Synthesised speech: mono PCM, int16 at `sample_rate_hz`, and the times of its words."""

    samples: Samples
    sample_rate_hz: int
    marks: Sequence[WordMark] = ()
    #: Faults that the model detected itself: "attention" where its attention did not follow the text.
    faults: Sequence[str] = ()
    #: Notes for the user, in whole sentences: what was left out.
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice that a request can choose by `id`."""

    id: str
    name: str
    language: str  # BCP 47
    family: str
    gender: str | None = None
    sample_rate_hz: int = 22_050


@dataclass(frozen=True, slots=True)
class TranscriptionInput:
    """One window of speech to transcribe: mono int16 at 16 kHz, 30 s at most."""

    samples: Samples
    language: str | None = None  # BCP 47; None = detect
    task: str = "transcribe"
    words: bool = True
    #: Text that precedes this window's, for its spelling and style; only where the entry has the option.
    prompt: str | None = None
    vocabulary: Sequence[str] = ()
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Word:
    """A recognised word, seconds from the start of the window; confidence 0–1."""

    word: str
    start: float
    end: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Phrase:
    """Recognised words between two pauses or timestamps, seconds from the start of the window; confidence 0–1."""

    text: str
    start: float
    end: float
    confidence: float
    words: Sequence[Word] = ()


@dataclass(frozen=True, slots=True)
class Recognition:
    """All phrases of one window, in order; empty where there is no speech."""

    phrases: Sequence[Phrase]
    language: str | None = None
    language_confidence: float | None = None
    #: The language that the model detected, where it can: also when the request named another one.
    detected_language: str | None = None
    detected_confidence: float | None = None


@dataclass(frozen=True, slots=True)
class EmbeddingInput:
    """A segment of speech of one speaker: mono int16 at 16 kHz, preferably a second or longer."""

    samples: Samples


class SpeechFamily(Protocol):
    """A loaded model for speech synthesis."""

    #: The catalogue entry that it was loaded for.
    entry: SynthesisEntry
    #: Exact revision of the weights or engine, for provenance.
    revision: str
    #: Engine and precision, for provenance: "ctranslate2/int8".
    engine: str

    def synthesise(self, requests: Sequence[SynthesisInput], tick: Tick) -> list[Speech]:
        """The speech of each request, in order."""

    def close(self) -> None:
        """Release what the model holds outside of this process's memory."""


@runtime_checkable
class LanguageChoice(Protocol):
    """What a `SpeechFamily` also offers when its voices, rather than its entry, tell which languages it speaks."""

    def speaks(self, language: str) -> bool:
        """Whether there is a voice for a language (BCP 47)."""


class VoiceCloning(Protocol):
    """What a `SpeechFamily` also offers when it can synthesise in the voice of a recording."""

    def embed_speaker(self, recording: Recording) -> SpeakerEmbedding:
        """The voice of a recording. It may be stored, and given as "reference" while `revision` stays the same.

        Raises `BadInput` on `voice` for a recording that is too short or has no speech in it.
        """


class RecognitionFamily(Protocol):
    """A loaded model for speech recognition. One whose engine was chosen by measurement has a `selection`."""

    entry: RecognitionEntry
    revision: str
    engine: str

    def transcribe(self, requests: Sequence[TranscriptionInput], tick: Tick) -> list[Recognition]:
        """The result of each window, in order."""

    def close(self) -> None:
        """Release what the model holds outside of this process's memory."""


class SpeakerFamily(Protocol):
    """A loaded speaker encoder."""

    entry: SpeakerEntry
    revision: str
    engine: str

    def embed(self, requests: Sequence[EmbeddingInput], tick: Tick) -> list[SpeakerEmbedding]:
        """The embedding of each segment, in order; each of length 1."""

    def close(self) -> None:
        """Release what the model holds outside of this process's memory."""


@dataclass(frozen=True, slots=True)
class EngineTrial:
    """An engine that was tried. `error`: deviation from float32 in the unit of the limit; None = not measured."""

    engine: str
    error: float | None


@dataclass(frozen=True, slots=True)
class EngineSelection:
    """How an engine was chosen by measurement."""

    #: The largest error at which an engine is accepted unless the entry names it.
    limit: float
    #: In the order in which they were tried; the last one runs the model.
    candidates: Sequence[EngineTrial]
    #: What the operator should know; "" for nothing.
    warning: str = ""

    @property
    def chosen(self) -> EngineTrial:
        return self.candidates[-1]


def engine_selection(family: object) -> EngineSelection | None:
    """How the family's engine was chosen, from its attribute `selection`; None where nothing was measured."""
    found = getattr(family, "selection", None)
    return found if isinstance(found, EngineSelection) else None
