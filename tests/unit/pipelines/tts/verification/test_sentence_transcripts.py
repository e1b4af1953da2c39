"""pipelines/tts/verification/sentence_transcripts.py: sentences in windows that a recogniser takes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest

from pipelines.catalog.catalog import Catalog
from pipelines.family import Phrase, Recognition, Tick, TranscriptionInput
from pipelines.tts.part_file import SpeechPart, SpokenSentence
from pipelines.tts.verification.sentence_transcripts import transcribe_sentences
from tests.audio_factories import make_sine

RATE = 16_000


class Numbering:
    """Its transcript of a window is the number of the window."""

    revision, engine = "1", "test"

    def __init__(self, slots: int = 2) -> None:
        self.entry = dataclasses.replace(Catalog().get("tone-listener", "stt"), slots=slots)
        self.inputs: list[TranscriptionInput] = []
        self.batches: list[int] = []

    def transcribe(self, requests: Sequence[TranscriptionInput], tick: Tick) -> list[Recognition]:
        first = len(self.inputs)
        self.inputs += requests
        self.batches.append(len(requests))
        return [Recognition((Phrase(str(first + k), 0, 1, 1.0),)) for k in range(len(requests))]

    def close(self) -> None: ...


def transcribe(family: Numbering, samples: np.ndarray, *ranges: tuple[int, int]) -> list[str]:
    sentences = tuple(SpokenSentence("x", start, end, language="en") for start, end in ranges)
    part = SpeechPart(0, RATE, samples, sentences)
    return transcribe_sentences(sentences, part, family, lambda: None, seed=40)


def test_windows_go_in_batches_of_the_models_slots_with_seeds_of_their_own() -> None:
    family = Numbering(slots=2)
    texts = transcribe(family, make_sine(3.0), *[(k * RATE, (k + 1) * RATE) for k in range(3)])
    assert (texts, family.batches) == (["0", "1", "2"], [2, 1])
    assert [each.seed for each in family.inputs] == [40, 41, 42]
    assert {each.language for each in family.inputs} == {"en"}


def test_silence_is_not_transcribed() -> None:
    family = Numbering()
    assert transcribe(family, np.zeros(RATE, np.int16), (0, RATE)) == [""]
    assert family.inputs == []


def test_long_sentence_is_cut_at_its_quietest_place_and_joined_again() -> None:
    sound = make_sine(40.0)
    sound[25 * RATE : 25 * RATE + RATE // 5] = 0
    family = Numbering()
    assert transcribe(family, sound, (0, len(sound))) == ["0 1"]
    padding = RATE // 5
    lengths = [(len(each.samples) - 2 * padding) / RATE for each in family.inputs]
    assert lengths == pytest.approx([25.1, 14.9], abs=0.15)
    assert all(not each.samples[:padding].any() and not each.samples[-padding:].any() for each in family.inputs)
