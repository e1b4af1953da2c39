"""A loaded family and its runs: each run gets an object of its own whose requests are joined with those of the others.

The objects of a run implement the protocols of pipelines/family.py, so that a pipeline does not know of other runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from pipelines.catalog.entry import Entry, RecognitionEntry, SynthesisEntry
from pipelines.family import (
    EmbeddingInput,
    Recognition,
    RecognitionFamily,
    SpeakerEmbedding,
    SpeakerFamily,
    Speech,
    SpeechFamily,
    SynthesisInput,
    Tick,
    TranscriptionInput,
)

from .batching import Batcher, Requester
from .engine_time import EngineClock
from .messages import Lane

Family = SpeechFamily | RecognitionFamily | SpeakerFamily


class BatchedSpeech:
    """`SpeechFamily` for one run."""

    def __init__(
        self, family: SpeechFamily, batcher: Batcher[SynthesisInput, Speech], lane: Lane, requester: Requester
    ) -> None:
        self.entry, self.revision, self.engine = family.entry, family.revision, family.engine
        self._batcher, self._lane, self._requester = batcher, lane, requester

    def synthesise(self, requests: Sequence[SynthesisInput], tick: Tick) -> list[Speech]:
        """See `SpeechFamily`. In place of `tick` the lane's thread calls the requester's, of every run that waits."""
        return self._batcher.call(requests, lane=self._lane, requester=self._requester)

    def close(self) -> None:
        """Nothing: other runs use the model, which is closed by its cache."""


class BatchedRecogniser:
    """`RecognitionFamily` for one run."""

    def __init__(
        self,
        family: RecognitionFamily,
        batcher: Batcher[TranscriptionInput, Recognition],
        lane: Lane,
        requester: Requester,
    ) -> None:
        self.entry, self.revision, self.engine = family.entry, family.revision, family.engine
        self._batcher, self._lane, self._requester = batcher, lane, requester

    def transcribe(self, requests: Sequence[TranscriptionInput], tick: Tick) -> list[Recognition]:
        """See `RecognitionFamily`. In place of `tick` the lane's thread calls that of every run that waits."""
        return self._batcher.call(requests, lane=self._lane, requester=self._requester)

    def close(self) -> None:
        """Nothing: other runs use the model, which is closed by its cache."""


class SharedFamily(Protocol):
    """A loaded family that several runs use at once."""

    def for_run(self, lane: Lane, requester: Requester) -> Family:
        """The family as this run sees it."""

    def close(self) -> None:
        """Free its memory, as far as its runtime does that."""


class SharedSpeech:
    """A loaded `SpeechFamily` and its batcher."""

    def __init__(self, family: SpeechFamily, slots: int, clock: EngineClock) -> None:
        self._family = family
        self._batcher = Batcher(family.synthesise, slots, clock=clock, size=lambda request: len(request.text))

    def for_run(self, lane: Lane, requester: Requester) -> BatchedSpeech:
        return BatchedSpeech(self._family, self._batcher, lane, requester)

    def close(self) -> None:
        self._batcher.close()
        self._family.close()


class SharedRecogniser:
    """A loaded `RecognitionFamily` and its batcher."""

    def __init__(self, family: RecognitionFamily, slots: int, clock: EngineClock) -> None:
        self._family = family
        self._batcher = Batcher(family.transcribe, slots, clock=clock, size=lambda request: len(request.samples))

    def for_run(self, lane: Lane, requester: Requester) -> BatchedRecogniser:
        return BatchedRecogniser(self._family, self._batcher, lane, requester)

    def close(self) -> None:
        self._batcher.close()
        self._family.close()


class MeasuredEncoder:
    """`SpeakerFamily` for one run, which is charged for its calls."""

    def __init__(self, family: SpeakerFamily, clock: EngineClock, requester: Requester) -> None:
        self.entry, self.revision, self.engine = family.entry, family.revision, family.engine
        self._family, self._clock, self._requester = family, clock, requester

    def embed(self, requests: Sequence[EmbeddingInput], tick: Tick) -> list[SpeakerEmbedding]:
        """See `SpeakerFamily`."""
        with self._clock.measure() as share:
            embeddings = self._family.embed(requests, tick)
        self._requester.charge(share.seconds)
        return embeddings

    def close(self) -> None:
        """Nothing: other runs use the model, which is closed by its cache."""


class SharedEncoder:
    """A loaded `SpeakerFamily`, which each run calls in its own thread: embeddings are not batched across runs."""

    def __init__(self, family: SpeakerFamily, clock: EngineClock) -> None:
        self._family = family
        self._clock = clock

    def for_run(self, lane: Lane, requester: Requester) -> MeasuredEncoder:
        return MeasuredEncoder(self._family, self._clock, requester)

    def close(self) -> None:
        self._family.close()


def share(entry: Entry, family: Any, clock: EngineClock) -> SharedFamily:
    """`family`: what the entry's `target` returned, of the protocol that belongs to the entry's kind. `clock`: of this
    process."""
    if isinstance(entry, SynthesisEntry):
        return SharedSpeech(family, entry.slots, clock)
    if isinstance(entry, RecognitionEntry):
        return SharedRecogniser(family, entry.slots, clock)
    return SharedEncoder(family, clock)
