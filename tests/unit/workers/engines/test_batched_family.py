"""What each run sees of a family that several use: the protocol of its kind, and nothing of the other runs."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pipelines.catalog.catalog import Catalog
from pipelines.catalog.entry import SpeakerEntry
from pipelines.families.tone import ToneRecogniser, ToneSynthesiser
from pipelines.family import SynthesisInput, Tick, TranscriptionInput
from pipelines.pipeline import StepInterrupted
from workers.engines.batched_family import BatchedRecogniser, BatchedSpeech, share
from workers.engines.engine_time import EngineClock
from workers.engines.messages import Lane


class Requester:
    """A run that counts its ticks and its seconds."""

    def __init__(self) -> None:
        self.ticks = 0
        self.engine_s = 0.0

    def charge(self, engine_s: float) -> None:
        self.engine_s += engine_s

    def is_stopped(self) -> bool:
        return False

    def tick(self) -> None:
        self.ticks += 1


class Synthesiser(ToneSynthesiser):
    """Notes how often it is closed."""

    closed = 0

    def close(self) -> None:
        self.closed += 1


def tick() -> None:
    raise AssertionError("the lane ticks the run itself")


def test_a_run_has_its_speech_from_the_model_that_all_share() -> None:
    entry = Catalog().get("tone", "tts")
    model = Synthesiser(entry)
    shared = share(entry, model, EngineClock())
    requester = Requester()
    family = shared.for_run(Lane.BULK, requester)
    assert isinstance(family, BatchedSpeech)
    assert (family.entry, family.revision, family.engine) == (entry, model.revision, model.engine)
    inputs = [SynthesisInput(text, "tone", "en") for text in ("One.", "Two and three.")]
    spoken = family.synthesise(inputs, tick)
    expected = model.synthesise(inputs, lambda: None)
    assert all(np.array_equal(one.samples, other.samples) for one, other in zip(spoken, expected, strict=True))
    assert requester.ticks


def test_only_the_cache_closes_the_model() -> None:
    entry = Catalog().get("tone", "tts")
    model = Synthesiser(entry)
    shared = share(entry, model, EngineClock())
    family = shared.for_run(Lane.INTERACTIVE, Requester())
    family.close()
    assert model.closed == 0
    shared.close()
    assert model.closed == 1
    assert isinstance(family, BatchedSpeech)
    with pytest.raises(StepInterrupted):
        family.synthesise([SynthesisInput("Late.", "tone", "en")], tick)


def test_a_run_has_its_transcripts_from_the_model_that_all_share() -> None:
    entry = Catalog().get("tone-listener", "stt")
    model = ToneRecogniser(entry)
    shared = share(entry, model, EngineClock())
    family = shared.for_run(Lane.BULK, Requester())
    assert isinstance(family, BatchedRecogniser)
    assert (family.entry, family.revision, family.engine) == (entry, model.revision, model.engine)
    inputs = [TranscriptionInput(np.zeros(16_000, np.int16))]
    assert family.transcribe(inputs, tick) == model.transcribe(inputs, lambda: None)
    family.close()
    assert family.transcribe(inputs, tick)
    shared.close()


def test_an_encoder_is_called_by_each_run_itself_which_is_charged() -> None:
    times = [0.0]

    def embed(requests: Sequence[Any], tick: Tick) -> list[Any]:
        times[0] += 2.0
        return list(requests)

    entry = SpeakerEntry(name="encoder", family="f", target="m:load", engines=("numpy",), languages=("*",))
    model = SimpleNamespace(entry=entry, revision="1", engine="numpy", embed=embed, close=lambda: None)
    shared = share(entry, model, EngineClock(lambda: times[0]))
    requester = Requester()
    family: Any = shared.for_run(Lane.BULK, requester)
    assert (family.entry, family.revision, family.engine) == (entry, "1", "numpy")
    assert family.embed(["one"], tick) == ["one"]
    assert requester.engine_s == 2.0
    family.close()
    shared.close()


def test_a_run_is_charged_by_the_length_of_its_texts() -> None:
    times = [0.0]

    class Slow(ToneSynthesiser):
        def synthesise(self, requests: Sequence[SynthesisInput], tick: Tick) -> list[Any]:
            times[0] += 3.0
            return super().synthesise(requests, tick)

    entry = Catalog().get("tone", "tts")
    shared = share(entry, Slow(entry), EngineClock(lambda: times[0]))
    requester = Requester()
    family: Any = shared.for_run(Lane.BULK, requester)
    family.synthesise([SynthesisInput(text, "tone", "en") for text in ("One.", "Two and three.")], tick)
    assert requester.engine_s == pytest.approx(3.0)
    shared.close()
