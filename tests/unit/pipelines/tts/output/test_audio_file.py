"""Times that are told of a finished file, held against where eSpeak NG's own samples are in it once it is decoded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

from pipelines.audio.decode import open_recording
from pipelines.catalog.catalog import Catalog
from pipelines.families.espeak import load
from pipelines.families.espeak.family import EspeakFamily
from pipelines.family import Speech, SynthesisInput, Tick
from pipelines.formats import AUDIO_FORMATS
from tests.pipeline_runner import PipelineRun

#: Where a word may be found beside its time, and the most that it may, in seconds; and how much of it is looked for.
SEARCHED_S, TOLERATED_S, COMPARED_S = 0.2, 0.03, 0.4
TEXT = """CHAPTER I

It was the best of times, and the worst of times. The season of light was the season of darkness.

We had everything before us; we had nothing before us. Mountains rise behind the silver harbour.

CHAPTER II

There was a king with a large jaw, and a queen with a plain face. Nobody remembered yesterday's thunder.

In both countries it was clearer than crystal, to the lords of the bread and fish, that things were settled forever.
"""


@dataclass
class Overheard:
    """eSpeak NG, which remembers what it said."""

    family: EspeakFamily
    said: list[tuple[SynthesisInput, Speech]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.family, name)

    def synthesise(self, requests: Sequence[SynthesisInput], tick: Tick) -> list[Speech]:
        answers = self.family.synthesise(requests, tick)
        self.said += zip(requests, answers, strict=True)
        return answers

    @property
    def words(self) -> Iterator[tuple[str, NDArray[np.float32], int]]:
        """Each word, and what the engine said from the event of its beginning on."""
        for request, speech in self.said:
            for mark in speech.marks:
                first = round(mark.start_s * speech.sample_rate_hz)
                last = first + round(COMPARED_S * speech.sample_rate_hz)
                yield (
                    request.text[mark.start_char : mark.end_char],
                    speech.samples[first:last].astype(np.float32),
                    speech.sample_rate_hz,
                )


@pytest.fixture(scope="module")
def espeak() -> Iterator[EspeakFamily]:
    family = load(Catalog().get("espeak", "tts"), "cpu")
    yield family
    family.close()


def spoken(root: Path, espeak: EspeakFamily, **options: Any) -> tuple[PipelineRun, Overheard]:
    voice = Overheard(espeak)
    run = PipelineRun("tts.synthesize", root, {"model": "espeak", "text": TEXT, "speech_marks": True, **options})
    run.limits = {"chunk_characters": 150}
    run.run_all(None, voice)
    return run, voice


def decoded(path: Path, rate_hz: int) -> NDArray[np.float32]:
    """A finished file at `rate_hz`."""
    if path.suffix == ".pcm":
        return np.fromfile(path, "<i2").astype(np.float32)
    with open_recording(path, max_seconds=600) as recording:
        samples = np.concatenate([block.samples[0] for block in recording.blocks()])
        return soxr.resample(samples, recording.sample_rate_hz, rate_hz)


def found(wanted: NDArray[np.float32], audio: NDArray[np.float32]) -> tuple[int, float]:
    """The sample of `audio` at which it is most like `wanted`, and how much: their correlation, at most 1."""
    size = 1 << (len(audio) + len(wanted)).bit_length()
    products = np.fft.irfft(np.fft.rfft(audio, size) * np.conj(np.fft.rfft(wanted, size)), size)
    starts = np.arange(len(audio) - len(wanted) + 1)
    power = np.concatenate([[0.0], np.cumsum(np.square(audio, dtype=np.float64))])
    norms = np.sqrt((power[starts + len(wanted)] - power[starts]).clip(1e-9) * np.square(wanted).sum())
    alike = products[starts] / norms
    best = int(np.argmax(alike))
    return best, float(alike[best])


LEVELLED = {"loudness_lufs": -18.0, "sample_rate_hz": 44_100}


@pytest.mark.parametrize(
    ("name", "options"),
    [(name, {}) for name in AUDIO_FORMATS]
    + [(name, LEVELLED) for name in ("wav", "mp3", "aac", "m4b")]
    + [("opus", {"loudness_lufs": -18.0}), ("aac", {"sample_rate_hz": 8_000})],
)
def test_every_word_sounds_within_30_ms_of_its_time(
    espeak: EspeakFamily, tmp_path: Path, name: str, options: dict[str, Any]
) -> None:
    run, voice = spoken(tmp_path, espeak, format=name, **options)
    marked = json.loads(run.read_text("marks.json"))["words"]
    words = list(voice.words)
    # The marks have what is written: "CHAPTER I", which is said as "one".
    written = {"one": "I", "two": "II"}
    assert [word["text"] for word in marked] == [written.get(text, text) for text, _, _ in words]
    assert len(words) > 70
    rate = words[0][2]
    air = np.zeros(round(SEARCHED_S * rate), np.float32)
    audio = np.concatenate([air, decoded(run.sink.out / f"audio.{name}", rate), air, air, air])
    for mark, (text, sound, _) in zip(marked, words, strict=True):
        first = round(mark["start"] * rate)  # so much air before the sound as is searched before the mark
        at, alike = found(sound, audio[first : first + len(sound) + 2 * len(air)])
        assert alike > 0.6, (text, mark)
        assert abs(at - len(air)) <= TOLERATED_S * rate, (text, mark, (at - len(air)) / rate)


def test_captions_and_chapters_are_as_late_as_the_words(espeak: EspeakFamily, tmp_path: Path) -> None:
    """A bare AAC stream begins with a frame of silence that nothing tells players to leave out."""
    run, _ = spoken(tmp_path / "aac", espeak, format="aac")
    plain, _ = spoken(tmp_path / "wav", espeak, format="wav")
    for name, told in times(run).items():
        expected = [time + 1024 / 22_050 for time in times(plain)[name]]
        assert len(told) > 3
        assert told == pytest.approx(expected, abs=0.0011 if name == "captions" else 1e-5)


def times(run: PipelineRun) -> dict[str, list[float]]:
    """All that is told of a run in seconds: beginnings and ends of what."""
    marks, chapters = (json.loads(run.read_text(name)) for name in ("marks.json", "chapters.json"))
    listed = {name: marks[name] for name in ("sentences", "words")} | {"chapters": chapters["chapters"]}
    edges = {name: [each[edge] for each in found for edge in ("start", "end")] for name, found in listed.items()}
    cues = re.findall(r"(\d\d):(\d\d):(\d\d\.\d{3})", run.read_text("captions.vtt"))
    return {**edges, "captions": [int(h) * 3600 + int(m) * 60 + float(s) for h, m, s in cues]}
