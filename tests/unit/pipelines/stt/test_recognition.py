"""pipelines/stt/recognition.py: inputs of a family, and segments from its results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.audio.windows import SampleRange
from pipelines.catalog.catalog import Catalog
from pipelines.family import Phrase, Recognition, Tick, TranscriptionInput, Word
from pipelines.pipeline import StepInterrupted
from pipelines.requests import TranscriptionRequest
from pipelines.stt.recognition import ChunkRecognition
from pipelines.transcript.chunk_file import ChunkWindow
from pipelines.transcript.segment import TranscriptSegment
from pipelines.transcript.window_span import WindowPlace
from tests.transcript_factories import make_word

RATE = 16_000


class FakeRecogniser:
    """Identifies each window by its level and detects the language given for it; a requested one is certain."""

    revision, engine = "1", "test"

    def __init__(self, languages: dict[int, tuple[str, float]]) -> None:
        self.entry = Catalog().get("tone-listener", "stt")
        self.asked: list[list[TranscriptionInput]] = []
        self._languages = languages

    def transcribe(self, requests: Sequence[TranscriptionInput], tick: Tick) -> list[Recognition]:
        tick()
        self.asked.append(list(requests))
        return [self._answer(request) for request in requests]

    def _answer(self, request: TranscriptionInput) -> Recognition:
        level = int(request.samples[0])
        language, sure = (request.language, 1.0) if request.language else self._languages[level]
        words = (Word(f"{language}-{level}", 0.25, 0.75, 0.5),)
        return Recognition((Phrase(f"{language}-{level}", 0.25, 0.75, 0.5, words),), language, sure)

    def close(self) -> None: ...


@pytest.fixture
def windows(tmp_path: Path) -> Callable[..., list[ChunkWindow]]:
    """Makes windows of given lengths, ten seconds apart in the recording; the k-th has level k + 1."""

    def make(*seconds: float) -> list[ChunkWindow]:
        path = tmp_path / "chunk.s16le"
        lengths = [int(length * RATE) for length in seconds]
        np.concatenate([np.full(length, level, "<i2") for level, length in enumerate(lengths, 1)]).tofile(path)
        made, offset = [], 0
        for number, length in enumerate(lengths):
            place = WindowPlace(0, offset, [SampleRange(number * 10 * RATE, length)])
            made.append(ChunkWindow(path, place, number))
            offset += length
        return made

    return make


def recognise(
    recogniser: FakeRecogniser, given: list[ChunkWindow], **params: Any
) -> tuple[ChunkRecognition, list[float]]:
    recognition, shares = ChunkRecognition(TranscriptionRequest(**params), given), []
    recognition.run(recogniser, shares.append)
    return recognition, shares


def texts(recognition: ChunkRecognition) -> list[str]:
    return [segment.text for segment in segments(recognition)]


def segments(recognition: ChunkRecognition) -> list[TranscriptSegment]:
    return [segment for window in recognition.results(model="m", punctuates=True) for segment in window.segments]


def test_windows_are_transcribed_in_batches_of_the_models_slots(windows) -> None:
    recogniser = FakeRecogniser(dict.fromkeys(range(1, 20), ("en", 0.9)))
    _, shares = recognise(recogniser, windows(*[1.0] * 19))
    assert [len(asked) for asked in recogniser.asked] == [8, 8, 3]
    assert len({request.seed for asked in recogniser.asked for request in asked}) == 19
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1.0)


def test_times_are_those_of_the_recording(windows) -> None:
    recognition, _ = recognise(FakeRecogniser({1: ("en", 0.9), 2: ("en", 0.9)}), windows(1.0, 1.0))
    second = segments(recognition)[1]
    assert (second.start, second.end) == (10.25, 10.75)
    assert second.words == (make_word("en-2", 10.25, 10.75, 0.5),)
    assert second.model == "m"


class Counter(FakeRecogniser):
    """Recognises two phrases, 0.4 s apart in the window."""

    def _answer(self, request: TranscriptionInput) -> Recognition:
        said = ("twenty three", 0.0, 0.8), ("people came", 1.2, 2.0)
        phrases = tuple(
            Phrase(
                text,
                start,
                end,
                0.5,
                tuple(
                    Word(word, start + 0.4 * number, start + 0.4 * number + 0.4, 0.5)
                    for number, word in enumerate(text.split())
                ),
            )
            for text, start, end in said
        )
        return Recognition(phrases, "en", 0.9)


def test_numbers_are_written_in_digits_on_request(windows) -> None:
    recognition, _ = recognise(Counter({}), windows(2.0), numbers="digits")
    assert segments(recognition)[0].words == (make_word("23", 0.0, 0.8, 0.5),)
    assert texts(recognise(Counter({}), windows(2.0))[0])[0] == "twenty three"


def test_pauses_that_end_sentences_are_those_of_the_recording(windows, tmp_path: Path) -> None:
    def written(*ranges: SampleRange) -> list[str]:
        path = tmp_path / "two.s16le"
        np.ones(2 * RATE, "<i2").tofile(path)
        given = [ChunkWindow(path, WindowPlace(0, 0, ranges), 0)]
        recognition, _ = recognise(Counter({}), given)
        (window,) = recognition.results(model="m", punctuates=False)
        return [segment.text for segment in window.segments]

    assert written(SampleRange(0, 2 * RATE)) == ["Twenty three", "people came."]
    assert written(SampleRange(0, RATE), SampleRange(4 * RATE, RATE)) == ["Twenty three.", "People came."]


def test_unsure_window_is_transcribed_again_in_the_language_of_the_others(windows) -> None:
    recogniser = FakeRecogniser({1: ("en", 0.95), 2: ("cy", 0.3), 3: ("en", 0.9), 4: ("fr", 0.8)})
    recognition, _ = recognise(recogniser, windows(5.0, 1.0, 5.0, 2.0))
    assert texts(recognition) == ["en-1", "en-2", "en-3", "fr-4"]
    assert [request.language for request in recogniser.asked[-1]] == ["en"]


def test_nothing_is_transcribed_again_when_no_window_is_sure_or_the_language_was_named(windows) -> None:
    unsure = FakeRecogniser({1: ("en", 0.4), 2: ("cy", 0.3)})
    recognise(unsure, windows(5.0, 1.0))
    named = FakeRecogniser({})
    recognition, _ = recognise(named, windows(5.0, 1.0), language="de")
    assert len(unsure.asked) == len(named.asked) == 1
    assert {segment.language for segment in segments(recognition)} == {"de"}


def test_a_window_keeps_its_number_and_seed_when_it_is_transcribed_without_the_others(windows) -> None:
    recogniser = FakeRecogniser({1: ("en", 0.9), 2: ("en", 0.9)})
    recognise(recogniser, windows(1.0, 1.0))
    recognition, _ = recognise(recogniser, windows(1.0, 1.0)[1:])
    (window,) = recognition.results(model="m", punctuates=True)
    assert (window.number, window.seconds, window.tried_models) == (1, 1.0, ("m",))
    assert recogniser.asked[1][0].seed == recogniser.asked[0][1].seed != recogniser.asked[0][0].seed


def test_windows_of_two_channels_at_one_moment_have_seeds_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "two.s16le"
    np.ones(2 * RATE, "<i2").tofile(path)
    places = [WindowPlace(channel, channel * RATE, [SampleRange(0, RATE)]) for channel in (0, 1)]
    recogniser = FakeRecogniser({1: ("en", 0.9)})
    recognise(recogniser, [ChunkWindow(path, place, number) for number, place in enumerate(places)])
    first, second = recogniser.asked[0]
    assert first.seed != second.seed


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({}, True),
        ({"timestamps": "segment"}, False),
        ({"timestamps": "none"}, False),
        ({"timestamps": "segment", "formats": ["json", "srt"]}, True),
    ],
)
def test_words_are_requested_where_something_needs_them(params: dict[str, Any], words: bool, windows) -> None:
    recogniser = FakeRecogniser({1: ("en", 0.9)})
    recognise(recogniser, windows(1.0), **params)
    assert recogniser.asked[0][0].words is words


def test_prompt_and_vocabulary_of_the_request_are_given_with_every_window(windows) -> None:
    recogniser = FakeRecogniser({1: ("en", 0.9), 2: ("en", 0.9)})
    recognise(recogniser, windows(1.0, 1.0), prompt="Ask not.", vocabulary=["Kennedy"])
    given_terms = [(request.prompt, request.vocabulary) for request in recogniser.asked[0]]
    assert given_terms == [("Ask not.", ("Kennedy",))] * 2
    recognise(recogniser, windows(1.0))
    assert recogniser.asked[-1][0].prompt is None


def test_cancelled_chunk_stops_between_batches(windows) -> None:
    recogniser = FakeRecogniser(dict.fromkeys(range(1, 20), ("en", 0.9)))
    recognition = ChunkRecognition(TranscriptionRequest(), windows(*[1.0] * 19))

    def stop(share: float) -> None:
        if share > 0.3:
            raise StepInterrupted

    with pytest.raises(StepInterrupted):
        recognition.run(recogniser, stop)
    assert len(recogniser.asked) == 1
