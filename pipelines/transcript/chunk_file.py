"""Chunk files of a recognition job: windows of speech one behind the other, 16 kHz mono s16le, and where they lie.

The plan writes them with `ChunkWriter`, the work reads them with `read_chunk`. Knows spans and positions; nothing of
codecs or models.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.audio.vad import RATE_HZ
from pipelines.audio.windows import Piece, Window, WindowPacker
from pipelines.pipeline import Sink, Span
from pipelines.rounds import next_round

from .timeline import Timeline

#: More channels than any recording has, so that no two of its windows share a seed.
_CHANNELS = 1 << 8


class ChunkWriter:
    """Collects windows into files of about `chunk_seconds` and hands these over; a span for each."""

    def __init__(self, sink: Sink, chunk_seconds: float) -> None:
        self._sink = sink
        self._limit = int(chunk_seconds * RATE_HZ)
        self._spans: list[Span] = []
        self._windows: list[dict[str, Any]] = []
        self._samples: list[NDArray[np.int16]] = []
        self._length = 0
        self._end = 0

    def take(self, channel: int, windows: Iterator[Window], packers: Sequence[WindowPacker]) -> None:
        """Add windows of one channel; `packers` are those of all channels, which know what is still to come."""
        for window in windows:
            if self._windows and self._length + window.samples.size > self._limit:
                self._close(min(window.pieces[0].start, *(packer.horizon for packer in packers)))
            pieces = [[piece.start, piece.length] for piece in window.pieces]
            self._windows.append({"channel": channel, "offset": self._length, "pieces": pieces})
            self._samples.append(window.samples)
            self._length += window.samples.size
            self._end = max(self._end, window.pieces[-1].end)

    def finish(self, duration_s: float) -> list[Span]:
        """Every span; the last one also stands for the silence behind it, so that the units add up."""
        if self._windows:
            self._close(None)
        if self._spans:
            last = self._spans[-1]
            units = duration_s - sum(span.units for span in self._spans[:-1])
            self._spans[-1] = Span(last.idx, last.start, max(last.start, duration_s), units, last.data, last.inputs)
        return self._spans

    def _close(self, horizon: int | None) -> None:
        """End the chunk. No later window begins before sample `horizon`; None = there is none."""
        idx = len(self._spans)
        name = f"audio-{idx:06d}.s16le"
        path = self._sink.directory / name
        with path.open("wb") as file:
            for samples in self._samples:
                samples.astype("<i2").tofile(file)
        self._sink.put(name, path)
        start = self._spans[-1].end if self._spans else 0.0
        end = max(start, self._end / RATE_HZ)
        data = {"windows": self._windows, "horizon_s": None if horizon is None else horizon / RATE_HZ}
        self._spans.append(Span(idx, start, end, end - start, data, (name,)))
        self._windows, self._samples, self._length = [], [], 0


class ChunkWindow:
    """A window of a chunk file: its samples, its channel and its place in the recording."""

    def __init__(self, path: Path, data: Mapping[str, Any], number: int) -> None:
        #: Its place among the windows of the plan's chunk, of which a later round hears only some.
        self.number = number
        self._path = path
        self._offset: int = data["offset"]
        self.channel: int = data["channel"]
        self._start: int = data["pieces"][0][0]
        self.timeline = Timeline([Piece(start, length) for start, length in data["pieces"]], RATE_HZ)

    @property
    def samples(self) -> NDArray[np.int16]:
        """Mono, 16 kHz. Read each time: an engine has many chunks in hand, and hears few of their windows at once."""
        return np.fromfile(self._path, dtype="<i2", count=self.timeline.length, offset=2 * self._offset)

    @property
    def seed(self) -> int:
        """One for each place in a recording: that of its first sample and its channel, whatever chunk it is in."""
        return self._start * _CHANNELS + self.channel

    @property
    def seconds(self) -> float:
        """Length without the pauses that were left out."""
        return self.timeline.length / RATE_HZ


def read_chunk(path: Path, span: Span) -> list[ChunkWindow]:
    """The windows that a span is about, whose samples stay in its chunk file until they are asked for."""
    only = span.data.get("only")
    windows = enumerate(span.data["windows"])
    return [ChunkWindow(path, data, number) for number, data in windows if only is None or number in only]


def refining(span: Span, numbers: Sequence[int]) -> Span:
    """The span of the next round: only the windows with these numbers, in the same chunk file."""
    only = sorted(numbers)
    seconds = sum(length for number in only for _, length in span.data["windows"][number]["pieces"]) / RATE_HZ
    return next_round(span, {**span.data, "only": only}, units=seconds)


def revisiting(span: Span) -> Span:
    """The span of a next round that is about all windows of the chunk, and hears none of them again."""
    return next_round(span, {name: value for name, value in span.data.items() if name != "only"})
