"""Measures the results with tools that did not create them: PyAV, FFmpeg's loudness meter, jiwer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import av
import jiwer
from av.filter import Graph


@dataclass(frozen=True)
class Audiobook:
    """An audio file as a player reads it. Times in seconds, loudness in LUFS."""

    duration_s: float
    codec: str
    sample_rate_hz: int
    title: str | None
    author: str | None
    #: (start, title)
    chapters: list[tuple[float, str]]
    cover: str | None
    loudness_lufs: float


def read_audiobook(path: Path) -> Audiobook:
    """Decode the whole file; the duration is that of the decoded samples, not that of the header."""
    with av.open(str(path)) as file:
        stream = file.streams.audio[0]
        meter, samples = _LoudnessMeter(), 0
        for frame in file.decode(stream):
            samples += frame.samples
            meter.add(frame)
        covers = [video.codec_context for video in file.streams.video]
        return Audiobook(
            duration_s=samples / stream.rate,
            codec=stream.codec_context.name,
            sample_rate_hz=stream.rate,
            title=file.metadata.get("title"),
            author=file.metadata.get("artist"),
            chapters=[
                (float(chapter["start"] * (chapter["time_base"] or 0)), chapter["metadata"].get("title", ""))
                for chapter in file.chapters()
            ],
            cover=f"{covers[0].name} {covers[0].width}×{covers[0].height}" if covers else None,
            loudness_lufs=meter.finish(),
        )


def word_error_rate(reference: str, transcript: str) -> float:
    """Deletions, insertions and substitutions per word of the reference, without case and punctuation."""
    return float(jiwer.wer(_normalise(reference), _normalise(transcript)))


def strip_speakers(script: str) -> str:
    """The text of a script whose lines are `Name: words`, without the names."""
    return " ".join(line.partition(": ")[2] for line in script.splitlines())


def _normalise(text: str) -> str:
    return " ".join(re.findall(r"[\w']+", text.lower().replace("’", "'")))


class _LoudnessMeter:
    """Integrated loudness by EBU R 128."""

    def __init__(self) -> None:
        self._graph: Graph | None = None
        self._lufs = -70.0

    def add(self, frame: av.AudioFrame) -> None:
        if self._graph is None:
            self._graph = Graph()
            source = self._graph.add_abuffer(
                sample_rate=frame.sample_rate,
                format=frame.format.name,
                layout=frame.layout.name,
                time_base=frame.time_base,
            )
            meter, sink = self._graph.add("ebur128", "metadata=1"), self._graph.add("abuffersink")
            source.link_to(meter)
            meter.link_to(sink)
            self._graph.configure()
        self._graph.push(frame)
        self._drain()

    def finish(self) -> float:
        if self._graph is not None:
            self._graph.push(None)
            self._drain()
        return self._lufs

    def _drain(self) -> None:
        assert self._graph is not None
        while True:
            try:
                frame = self._graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            value = frame.metadata.get("lavfi.r128.I")
            if value is not None:
                self._lufs = float(value)
