"""pipelines/diarization/turns.py: where turns end, the input of the speaker encoder, and the parts' data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from pipelines.audio.windows import SampleRange
from pipelines.catalog.catalog import Catalog
from pipelines.diarization.turns import DiarizationData, embed_references, embed_turns
from pipelines.family import EmbeddingInput, Recording, SpeakerEmbedding, Tick
from pipelines.transcript.chunk_file import ChunkWindow
from pipelines.transcript.part_file import RecognisedWindow, RecognitionPart, read_part, write_part
from pipelines.transcript.turn import Turn
from pipelines.transcript.window_span import WindowPlace
from tests.transcript_factories import make_segment, make_word

RATE = 16_000


def read(path: Path) -> DiarizationData:
    data = DiarizationData()
    data.add(read_part(path))
    return data


class Encoder:
    """Its embedding is the number of samples and the first sample."""

    revision, engine = "1", "test"

    def __init__(self) -> None:
        self.entry = Catalog().named("resemblyzer")
        self.asked: list[int] = []

    def embed(self, requests: Sequence[EmbeddingInput], tick: Tick) -> list[SpeakerEmbedding]:
        tick()
        self.asked.append(len(requests))
        return [np.array([len(each.samples), each.samples[0]], np.float32) for each in requests]

    def close(self) -> None: ...


def spoken(*words: tuple[float, float], number: int = 0) -> RecognisedWindow:
    segment = make_segment("so", words[0][0], words[-1][1], *(make_word("so", start, end) for start, end in words))
    return RecognisedWindow(number, 10.0, "m", ("m",), (segment,))


@pytest.fixture
def windows(tmp_path: Path) -> list[ChunkWindow]:
    """Two windows: seconds 0–10 of the recording (level 1), and 20–24 with 30–36 (levels 2 and 3)."""
    levels = np.repeat([1, 2, 3], [10 * RATE, 4 * RATE, 6 * RATE]).astype("<i2")
    path = tmp_path / "chunk.s16le"
    levels.tofile(path)
    places = [
        WindowPlace(0, 0, [SampleRange(0, 10 * RATE)]),
        WindowPlace(0, 10 * RATE, [SampleRange(20 * RATE, 4 * RATE), SampleRange(30 * RATE, 6 * RATE)]),
    ]
    return [ChunkWindow(path, place, number) for number, place in enumerate(places)]


def test_turn_ends_at_a_pause_and_after_four_seconds(windows):
    word = [(at, at + 0.5) for at in (0.0, 0.6, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5)]
    found = embed_turns([spoken(*word)], windows, Encoder(), lambda: None)
    assert [(turn.start, turn.end) for turn in found] == [(0.0, 1.1), (1.5, 5.5), (5.5, 6.0)]
    assert [turn.embedding[0] for turn in found] == [round(turn.seconds * RATE) for turn in found]


def test_encoder_is_given_the_audio_of_the_words(windows):
    found = embed_turns([spoken((21.0, 22.0), (31.0, 33.0), number=1)], windows, Encoder(), lambda: None)
    assert [tuple(turn.embedding) for turn in found] == [(RATE, 2), (2 * RATE, 3)]


def test_turns_are_embedded_in_batches_of_the_encoders_slots(windows):
    encoder = Encoder()
    encoder.entry = Catalog().named("wespeaker-resnet34")
    embed_turns([spoken(*[(at / 5, at / 5 + 0.1) for at in range(0, 50, 3)])], windows, encoder, lambda: None)
    assert encoder.asked == [17] and encoder.entry.slots == 32


def test_segment_without_words_is_a_turn(windows):
    window = RecognisedWindow(0, 10.0, "m", ("m",), (make_segment("so", 1.0, 3.0),))
    found = embed_turns([window], windows, Encoder(), lambda: None)
    assert [(turn.start, turn.end) for turn in found] == [(1.0, 3.0)]


def test_turns_of_a_part_are_added_and_a_part_without_turns_adds_nothing(tmp_path):
    recognised = [spoken((0.0, 1.0))]
    write_part(tmp_path / "part.json", RecognitionPart(recognised, [Turn(0.0, 1.0, np.ones(4, np.float32))]))
    (turn,) = read(tmp_path / "part.json").turns
    assert (turn.start, turn.end, tuple(turn.embedding)) == (0.0, 1.0, (1, 1, 1, 1))
    write_part(tmp_path / "part.json", RecognitionPart(recognised))
    assert read(tmp_path / "part.json") == DiarizationData()


def test_a_known_speaker_is_the_mean_over_parts_of_the_recording(tmp_path):
    samples = np.repeat(np.array([300, 500, 700], np.int16), 4 * RATE)
    encoder = Encoder()
    known = embed_references(
        {"a": Recording(samples, RATE), "b": Recording(samples[:RATE], RATE)}, encoder, lambda: None
    )
    assert encoder.asked == [3, 1]
    assert known["a"] == pytest.approx(np.array([4 * RATE, 500]) / np.hypot(4 * RATE, 500))
    assert np.linalg.norm(known["b"]) == pytest.approx(1)
    write_part(tmp_path / "part.json", RecognitionPart([], known_speakers=known, same_voice=0.25))
    found = read(tmp_path / "part.json")
    assert found.known["a"] == pytest.approx(known["a"], abs=1e-3)
    assert found.same_voice == 0.25


def test_part_of_a_version_with_one_limit_for_all_encoders_is_read_with_it(tmp_path):
    write_part(tmp_path / "part.json", RecognitionPart([], known_speakers={"a": np.ones(4, np.float32)}))
    assert read(tmp_path / "part.json").same_voice == 0.82
