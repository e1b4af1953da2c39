"""What every family promises, asked of each that runs here without fetching weights, and of others with random ones.

The promise that the rest is built on: the same chunk first, last and alone gives the same part.
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
from pipelines.family import RecogniseRequest, Recognition, SpeakRequest, Speech
from pipelines.pipeline import Interrupted
from tests.factories import jfk, make_noise, make_silence
from tests.wav2vec2_checkpoint import write_wav2vec2
from tests.whisper_checkpoint import write_whisper

#: Models whose weights would be fetched, and what writes random ones in their layout.
RANDOM = {"whisper-tiny": write_whisper, "wav2vec2-base-960h": write_wav2vec2}
LISTENERS = [*(entry.name for entry in ENTRIES if entry.kind == "stt" and not entry.source), *RANDOM]
SPEAKERS = [entry.name for entry in ENTRIES if entry.kind == "tts" and not entry.source]

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


@pytest.fixture(scope="module", params=LISTENERS)
def listening(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Entry:
    entry = Catalog().get(request.param, "stt")
    if entry.source:
        folder = RANDOM[entry.name](tmp_path_factory.mktemp(entry.family) / "model")
        entry = dataclasses.replace(entry, source=str(folder))
    return entry


@pytest.fixture(scope="module")
def listener(listening: Entry) -> Iterator[Any]:
    family = _load(listening)
    yield family
    family.close()


@pytest.fixture(scope="module", params=SPEAKERS)
def speaking(request: pytest.FixtureRequest) -> Entry:
    return Catalog().get(request.param, "tts")


@pytest.fixture(scope="module")
def speaker(speaking: Entry) -> Iterator[Any]:
    family = _load(speaking)
    yield family
    family.close()


def tick() -> None:
    """Somebody waits for the answer."""


def say(entry: Entry, text: str, **changes: Any) -> SpeakRequest:
    return SpeakRequest(text, **{"voice": entry.default_voice or "", "language": "en", **changes})


def windows() -> list[RecogniseRequest]:
    speech = jfk()
    tones = _spoken_in_tones()
    sounds = [
        speech[:24_000],
        tones,
        make_noise(0.5, level=0.1),
        speech[132_000:150_000],
        make_silence(0.5),
        speech[:1_600],
    ]
    return [RecogniseRequest(sound) for sound in sounds]


def _spoken_in_tones() -> np.ndarray:
    from pipelines.families.tone import load_speaker

    entry = Catalog().get("tone", "tts")
    return load_speaker(entry, "cpu").speak([say(entry, "ask not what your country")], tick)[0].samples


# -- listening -------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def alone(listening: Entry) -> list[Recognition]:
    """Each window heard by a family that has heard nothing else."""
    answers = []
    for request in windows():
        family = _load(listening)
        answers += family.recognise([request], tick)
        family.close()
    return answers


def test_a_window_is_heard_the_same_first_last_and_alone(listener: Any, alone: list[Recognition]) -> None:
    assert listener.recognise(windows(), tick) == alone
    assert listener.recognise(windows()[::-1], tick)[::-1] == alone
    for request, answer in zip(windows(), alone, strict=True):
        assert listener.recognise([request], tick) == [answer]


def test_two_lanes_at_once_hear_the_same(listener: Any, alone: list[Recognition]) -> None:
    heard: dict[int, list[Recognition]] = {}

    def lane(number: int) -> None:
        heard[number] = listener.recognise(windows(), tick)

    lanes = [threading.Thread(target=lane, args=(number,)) for number in range(2)]
    for thread in lanes:
        thread.start()
    for thread in lanes:
        thread.join()
    assert heard == {0: alone, 1: alone}


def test_times_lie_in_the_window_in_order_and_confidence_in_the_unit(alone: list[Recognition]) -> None:
    for request, answer in zip(windows(), alone, strict=True):
        end = 0.0
        for phrase in answer.phrases:
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


def test_something_is_heard_with_words(alone: list[Recognition]) -> None:
    assert any(phrase.words for answer in alone for phrase in answer.phrases)


def test_listening_stops_when_nobody_waits(listener: Any) -> None:
    _stops(lambda stop: listener.recognise(windows(), stop))


def test_nothing_to_hear_is_answered_with_nothing(listener: Any) -> None:
    assert listener.recognise([], tick) == []


# -- speaking --------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def said_alone(speaking: Entry) -> list[Speech]:
    answers = []
    for text in TEXTS:
        family = _load(speaking)
        answers += family.speak([say(speaking, text)], tick)
        family.close()
    return answers


def _same(left: list[Speech], right: list[Speech]) -> bool:
    return len(left) == len(right) and all(
        a.samples.dtype == np.int16
        and np.array_equal(a.samples, b.samples)
        and (a.sample_rate_hz, tuple(a.marks)) == (b.sample_rate_hz, tuple(b.marks))
        for a, b in zip(left, right, strict=True)
    )


def test_a_text_sounds_the_same_first_last_and_alone(speaking: Entry, speaker: Any, said_alone: list[Speech]) -> None:
    requests = [say(speaking, text) for text in TEXTS]
    assert _same(speaker.speak(requests, tick), said_alone)
    assert _same(speaker.speak(requests[::-1], tick)[::-1], said_alone)
    for request, answer in zip(requests, said_alone, strict=True):
        assert _same(speaker.speak([request], tick), [answer])


def test_another_seed_is_another_take_where_the_catalogue_says_so(speaking: Entry, speaker: Any) -> None:
    takes = [speaker.speak([say(speaking, "Well, well.", seed=seed)], tick) for seed in (1, 2)]
    assert _same(*takes) != speaking.varies


def test_speech_has_its_rate_some_sound_and_marks_in_order(speaking: Entry, said_alone: list[Speech]) -> None:
    for text, speech in zip(TEXTS, said_alone, strict=True):
        assert speech.sample_rate_hz == speaking.sample_rate_hz
        assert np.abs(speech.samples.astype(int)).max() > 1000
        at, character = 0.0, 0
        assert speech.marks
        for mark in speech.marks:
            assert character <= mark.start_char < mark.end_char <= len(text)
            assert at <= mark.start_s <= mark.end_s <= len(speech.samples) / speech.sample_rate_hz + 1e-6
            at, character = mark.start_s, mark.end_char


def test_double_speed_takes_about_half_the_time(speaking: Entry, speaker: Any) -> None:
    if "speed" not in speaking.options:
        pytest.skip("speaks at one speed only")
    slow, fast = speaker.speak([say(speaking, TEXTS[0], speed=speed) for speed in (1.0, 2.0)], tick)
    assert 0.35 < len(fast.samples) / len(slow.samples) < 0.7


def test_speaking_stops_when_nobody_waits(speaking: Entry, speaker: Any) -> None:
    _stops(lambda stop: speaker.speak([say(speaking, text) for text in TEXTS], stop))


def _stops(ask: Any) -> None:
    def stop() -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        ask(stop)
