"""The two things a model family can do. A family owns all that is particular to its models.

`load` is called once in the engine process; the object it returns is asked from one thread per lane (a bulk lane and
an interactive lane), with the requests of many jobs in one list (`slots` at most). Answers come in the same order.
A family never imports another family; it raises only `pipelines.errors`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.catalog.entry import Entry

Samples = NDArray[np.int16]

#: Called by a family between steps; raises `pipelines.pipeline.Interrupted` when nobody waits for the answer any more.
Tick = Callable[[], None]


#: A voice as the numbers that a family makes of a recording (`Cloning.speaker_vector`), float32.
SpeakerVector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Recording:
    """Somebody speaking: mono int16 at `sample_rate_hz`."""

    samples: Samples
    sample_rate_hz: int


@dataclass(frozen=True, slots=True)
class SpeakRequest:
    """One passage for one voice. `text` is plain; `seed` is the only randomness allowed.

    `options` has the fields of the request that are the model's business alone, and "reference" where the voice is
    that of a recording: its `SpeakerVector`, or the `Recording` itself. `voice` then is a name for messages only.
    """

    text: str
    voice: str
    language: str
    speed: float = 1.0
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WordMark:
    """A spoken word: characters [start_char, end_char) of the request's text, seconds from its first sample."""

    start_char: int
    end_char: int
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Speech:
    """Mono PCM, int16 at `sample_rate_hz`, and where each word is in it."""

    samples: Samples
    sample_rate_hz: int
    marks: Sequence[WordMark] = ()
    #: What the model itself knows to have gone wrong: "attention", where it lost its place in the text.
    faults: Sequence[str] = ()
    #: What the user should know of it, in whole sentences: what was left out.
    remarks: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice that can be asked for by `id`."""

    id: str
    name: str
    language: str  # BCP 47
    family: str
    gender: str | None = None
    sample_rate_hz: int = 22_050


@dataclass(frozen=True, slots=True)
class RecogniseRequest:
    """One window of speech: mono int16 at 16 kHz, 30 s at most."""

    samples: Samples
    language: str | None = None  # BCP 47; None = detect
    task: str = "transcribe"
    words: bool = True
    #: Text as it might stand before this window's, for its spelling and style; only where the entry has the option.
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
    """What was said between two points of a window."""

    text: str
    start: float
    end: float
    confidence: float
    words: Sequence[Word] = ()


@dataclass(frozen=True, slots=True)
class Recognition:
    """All phrases of one window, in order; empty when nothing was said."""

    phrases: Sequence[Phrase]
    language: str | None = None
    language_confidence: float | None = None
    #: What the model itself takes the language for, where it can tell: also when the request named another one.
    detected_language: str | None = None
    detected_confidence: float | None = None


#: A voice as numbers, float32 of length 1: voices that sound alike point the same way.
Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class EmbedRequest:
    """A stretch of speech of one speaker: mono int16 at 16 kHz, better a second long than half of one."""

    samples: Samples


class SpeechFamily(Protocol):
    """Text in, samples out."""

    #: The catalogue entry that it was loaded for.
    entry: Entry
    #: Exact revision of the weights or engine, for provenance.
    revision: str
    #: Engine and precision, for provenance: "ctranslate2/int8".
    engine: str

    def speak(self, requests: Sequence[SpeakRequest], tick: Tick) -> list[Speech]: ...

    def close(self) -> None: ...


class Cloning(Protocol):
    """What a `SpeechFamily` also does when it can speak with the voice of a recording."""

    def speaker_vector(self, recording: Recording) -> SpeakerVector:
        """The voice of a recording, to be kept and given as "reference" for as long as the revision is the same.

        Raises `BadInput` on `voice` for a recording that is too short or has no speech in it.
        """


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to run a model here. `error` beside float32 in the unit of the family's limit; None = not measured."""

    engine: str
    error: float | None


@dataclass(frozen=True, slots=True)
class Selection:
    """What was measured before a model was put to work."""

    #: The largest error at which an engine is chosen unless the entry names it.
    limit: float
    #: In the order in which they were tried; the last one runs the model.
    candidates: Sequence[Candidate]
    #: What the operator should know; "" for nothing.
    warning: str = ""

    @property
    def chosen(self) -> Candidate:
        return self.candidates[-1]


def selection_of(family: object) -> Selection | None:
    """What was measured before the family's engine was chosen, from its attribute `selection`; None where none was."""
    found = getattr(family, "selection", None)
    return found if isinstance(found, Selection) else None


class RecognitionFamily(Protocol):
    """Samples in, words out. One whose engine was chosen by measurement has a `selection`."""

    entry: Entry
    revision: str
    engine: str

    def recognise(self, requests: Sequence[RecogniseRequest], tick: Tick) -> list[Recognition]: ...

    def close(self) -> None: ...


class SpeakerFamily(Protocol):
    """Samples in, voices out."""

    entry: Entry
    revision: str
    engine: str

    def embed(self, requests: Sequence[EmbedRequest], tick: Tick) -> list[Vector]: ...

    def close(self) -> None: ...
