"""The contract of every model family: of those that run without fetched weights, and of others with random ones.

The property that the rest depends on: the same input first, last and alone gives the same result.
"""

from __future__ import annotations

import dataclasses
import importlib
import os
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from pipelines.catalog.catalog import Catalog
from pipelines.catalog.entries import ENTRIES
from pipelines.catalog.entry import Entry
from pipelines.family import Recognition, Speech, SynthesisInput, TranscriptionInput
from pipelines.pipeline import StepInterrupted
from tests.audio_factories import load_jfk, make_noise, make_silence
from tests.wav2vec2_checkpoint import write_wav2vec2
from tests.whisper_ctranslate2_checkpoint import write_ctranslate2_whisper

#: Models whose weights would be fetched, and the function that writes random ones in their layout.
RANDOM_WEIGHTS = {"whisper-tiny": write_ctranslate2_whisper, "wav2vec2-base-960h": write_wav2vec2}
RECOGNITION_MODELS = [*(entry.name for entry in ENTRIES if entry.kind == "stt" and not entry.source), *RANDOM_WEIGHTS]
SYNTHESIS_MODELS = [entry.name for entry in ENTRIES if entry.kind == "tts" and not entry.source]

TEXTS = (
    "The quick brown fox jumps over the lazy dog.",
    "Yes.",
    "In 1984, Dr. Smith paid 3.50 for it: why? Nobody knows!",
    "Ein kurzer Satz mit Umlauten: äöü, ß.",
    "One. Two. Three. " * 12,
)


def _load(entry: Entry) -> Any:
    if not entry.installed:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{entry.name} needs {', '.join(entry.needs)}")
        pytest.skip(f"{entry.name} is not installed")
    module, _, name = entry.target.partition(":")
    return getattr(importlib.import_module(module), name)(entry, "cpu")


@pytest.fixture(scope="module", params=RECOGNITION_MODELS)
def recognition_entry(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Entry:
    entry = Catalog().get(request.param, "stt")
    if entry.source:
        folder = RANDOM_WEIGHTS[entry.name](tmp_path_factory.mktemp(entry.family) / "model")
        entry = dataclasses.replace(entry, source=str(folder))
    return entry


@pytest.fixture(scope="module")
def recogniser(recognition_entry: Entry) -> Iterator[Any]:
    family = _load(recognition_entry)
    yield family
    family.close()


@pytest.fixture(scope="module", params=SYNTHESIS_MODELS)
def synthesis_entry(request: pytest.FixtureRequest) -> Entry:
    return Catalog().get(request.param, "tts")


@pytest.fixture(scope="module")
def synthesiser(synthesis_entry: Entry) -> Iterator[Any]:
    family = _load(synthesis_entry)
    yield family
    family.close()


def tick() -> None:
    """Never interrupts."""


def make_input(entry: Entry, text: str, **changes: Any) -> SynthesisInput:
    return SynthesisInput(text, **{"voice": entry.default_voice or "", "language": "en", **changes})


def make_windows() -> list[TranscriptionInput]:
    speech = load_jfk()
    tones = _synthesise_tones()
    sounds = [
        speech[:24_000],
        tones,
        make_noise(0.5, level=0.1),
        speech[132_000:150_000],
        make_silence(0.5),
        speech[:1_600],
    ]
    return [TranscriptionInput(sound) for sound in sounds]


def _synthesise_tones() -> np.ndarray:
    from pipelines.families.tone import load_synthesiser

    entry = Catalog().get("tone", "tts")
    return load_synthesiser(entry, "cpu").synthesise([make_input(entry, "ask not what your country")], tick)[0].samples


# -- recognition ------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def alone(recognition_entry: Entry) -> list[Recognition]:
    """Each window transcribed by a family that has had no other input."""
    results = []
    for request in make_windows():
        family = _load(recognition_entry)
        results += family.transcribe([request], tick)
        family.close()
    return results


def test_a_window_has_the_same_result_first_last_and_alone(recogniser: Any, alone: list[Recognition]) -> None:
    assert recogniser.transcribe(make_windows(), tick) == alone
    assert recogniser.transcribe(make_windows()[::-1], tick)[::-1] == alone
    for request, result in zip(make_windows(), alone, strict=True):
        assert recogniser.transcribe([request], tick) == [result]


def test_two_lanes_at_once_have_the_same_results(recogniser: Any, alone: list[Recognition]) -> None:
    results: dict[int, list[Recognition]] = {}

    def lane(number: int) -> None:
        results[number] = recogniser.transcribe(make_windows(), tick)

    lanes = [threading.Thread(target=lane, args=(number,)) for number in range(2)]
    for thread in lanes:
        thread.start()
    for thread in lanes:
        thread.join()
    assert results == {0: alone, 1: alone}


def test_times_lie_in_the_window_in_order_and_confidence_in_the_unit(alone: list[Recognition]) -> None:
    for request, result in zip(make_windows(), alone, strict=True):
        end = 0.0
        for phrase in result.phrases:
            assert phrase.text == phrase.text.strip() != ""
            assert end <= phrase.start <= phrase.end <= len(request.samples) / 16_000
            assert 0 <= phrase.confidence <= 1
            end = phrase.end
            at = phrase.start
            for word in phrase.words:
                assert at <= word.start <= word.end <= phrase.end + 0.02
                assert type(word.start) is type(word.confidence) is float
                assert word.word == word.word.strip() != "" and 0 <= word.confidence <= 1
                at = word.start


def test_speech_is_recognised_with_words(alone: list[Recognition]) -> None:
    assert any(phrase.words for result in alone for phrase in result.phrases)


def test_it_stops_when_the_tick_raises(recogniser: Any) -> None:
    _stops(lambda stop: recogniser.transcribe(make_windows(), stop))


def test_no_requests_have_no_results(recogniser: Any) -> None:
    assert recogniser.transcribe([], tick) == []


# -- synthesis --------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def speech_alone(synthesis_entry: Entry) -> list[Speech]:
    results = []
    for text in TEXTS:
        family = _load(synthesis_entry)
        results += family.synthesise([make_input(synthesis_entry, text)], tick)
        family.close()
    return results


def _same(left: list[Speech], right: list[Speech]) -> bool:
    return len(left) == len(right) and all(
        a.samples.dtype == np.int16
        and np.array_equal(a.samples, b.samples)
        and (a.sample_rate_hz, tuple(a.marks)) == (b.sample_rate_hz, tuple(b.marks))
        for a, b in zip(left, right, strict=True)
    )


def test_a_text_sounds_the_same_first_last_and_alone(
    synthesis_entry: Entry, synthesiser: Any, speech_alone: list[Speech]
) -> None:
    requests = [make_input(synthesis_entry, text) for text in TEXTS]
    assert _same(synthesiser.synthesise(requests, tick), speech_alone)
    assert _same(synthesiser.synthesise(requests[::-1], tick)[::-1], speech_alone)
    for request, result in zip(requests, speech_alone, strict=True):
        assert _same(synthesiser.synthesise([request], tick), [result])


def test_another_seed_gives_other_speech_where_the_catalogue_lists_it(synthesis_entry: Entry, synthesiser: Any) -> None:
    speeches = [
        synthesiser.synthesise([make_input(synthesis_entry, "Well, well.", seed=seed)], tick) for seed in (1, 2)
    ]
    assert _same(*speeches) != synthesis_entry.varies


def test_speech_has_its_rate_some_sound_and_marks_in_order(synthesis_entry: Entry, speech_alone: list[Speech]) -> None:
    for text, speech in zip(TEXTS, speech_alone, strict=True):
        assert speech.sample_rate_hz == synthesis_entry.sample_rate_hz
        assert np.abs(speech.samples.astype(int)).max() > 1000
        at, character = 0.0, 0
        assert speech.marks
        for mark in speech.marks:
            assert character <= mark.start_char < mark.end_char <= len(text)
            assert at <= mark.start_s <= mark.end_s <= len(speech.samples) / speech.sample_rate_hz + 1e-6
            at, character = mark.start_s, mark.end_char


def test_double_speed_takes_about_half_the_time(synthesis_entry: Entry, synthesiser: Any) -> None:
    if "speed" not in synthesis_entry.options:
        pytest.skip("no option speed")
    slow, fast = synthesiser.synthesise(
        [make_input(synthesis_entry, TEXTS[0], speed=speed) for speed in (1.0, 2.0)], tick
    )
    assert 0.35 < len(fast.samples) / len(slow.samples) < 0.7


def test_synthesis_stops_when_the_tick_raises(synthesis_entry: Entry, synthesiser: Any) -> None:
    _stops(lambda stop: synthesiser.synthesise([make_input(synthesis_entry, text) for text in TEXTS], stop))


def _stops(call: Any) -> None:
    def stop() -> None:
        raise StepInterrupted

    with pytest.raises(StepInterrupted):
        call(stop)
