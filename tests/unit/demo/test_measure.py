"""Measurements of the demo, on small files of known content."""

from __future__ import annotations

import sys
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from types import ModuleType

import av
import numpy as np
import pytest

DEMO = Path(__file__).resolve().parents[3] / "demo"


@pytest.fixture
def measure(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(DEMO))
    monkeypatch.delitem(sys.modules, "measure", raising=False)
    return import_module("measure")


def audiobook(path: Path, *, seconds: float, amplitude: float) -> Path:
    """A sine of 997 Hz at 22,050 Hz in m4b, with two chapters."""
    rate = 22_050
    samples = amplitude * 32_767 * np.sin(2 * np.pi * 997 * np.arange(int(seconds * rate)) / rate)
    with av.open(str(path), "w", format="ipod") as file:
        file.metadata.update({"title": "A Tone", "artist": "Nobody"})
        file.set_chapters(
            [
                {"id": number, "start": start, "end": end, "time_base": Fraction(1, 1000), "metadata": {"title": title}}
                for number, (start, end, title) in enumerate([(0, 2000, "One"), (2000, 4000, "Two")])
            ]
        )
        stream = file.add_stream("aac", rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples.astype(np.int16)[None, :], format="s16", layout="mono")
        frame.sample_rate, frame.pts = rate, 0
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def test_audiobook_is_read_back(measure: ModuleType, tmp_path: Path) -> None:
    book = measure.read_audiobook(audiobook(tmp_path / "tone.m4b", seconds=4.0, amplitude=0.1))
    assert book.duration_s == pytest.approx(4.0, abs=0.1)
    assert (book.codec, book.sample_rate_hz) == ("aac", 22_050)
    assert (book.title, book.author, book.cover) == ("A Tone", "Nobody", None)
    assert book.chapters == [(0.0, "One"), (2.0, "Two")]


def test_loudness_is_measured_by_the_standard(measure: ModuleType, tmp_path: Path) -> None:
    """By EBU R 128 a mono sine of 997 Hz measures its level less 3.01 LU: −20 dBFS is −23 LUFS."""
    book = measure.read_audiobook(audiobook(tmp_path / "tone.m4b", seconds=4.0, amplitude=0.1))
    assert book.loudness_lufs == pytest.approx(-23.0, abs=0.3)


@pytest.mark.parametrize(
    ("transcript", "rate"),
    [
        ("We have a tent, don't we?", 0.0),
        ("WE HAVE A TENT DON’T WE", 0.0),
        ("we had a tent don't we", 1 / 6),
        ("we have tent don't we", 1 / 6),
        ("we have a a tent don't we", 1 / 6),
        ("", 1.0),
    ],
)
def test_only_words_count_as_errors(measure: ModuleType, transcript: str, rate: float) -> None:
    assert measure.word_error_rate("We have a tent; don't we?", transcript) == pytest.approx(rate)


def test_names_of_speakers_are_stripped(measure: ModuleType) -> None:
    assert measure.strip_speakers("Sarah: Very good.\nAlan: It is 3: go.\n") == "Very good. It is 3: go."
