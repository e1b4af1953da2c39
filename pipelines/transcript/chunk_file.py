"""Chunk files of a recognition job: consecutive windows of speech, 16 kHz mono s16le, and the spans that locate them.

The plan writes them with `ChunkWriter`, the work reads them with `read_chunk`. Knows spans and positions; nothing of
codecs or models.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.audio.vad import RATE_HZ
from pipelines.audio.windows import Window, WindowPacker
from pipelines.pipeline import Sink, Span
from pipelines.rounds import next_round_span

from .timeline import Timeline
from .window_span import WindowPlace, WindowSpan

#: More channels than any recording has, so that no two of its windows share a seed.
_MAX_CHANNELS = 1 << 8


class ChunkWriter:
    """Collects windows into files of about `chunk_seconds`, puts these into the sink, and makes a span for each."""

    def __init__(self, sink: Sink, chunk_seconds: float) -> None:
        self._sink = sink
        self._limit = int(chunk_seconds * RATE_HZ)
        self._spans: list[Span] = []
        self._windows: list[WindowPlace] = []
        self._samples: list[NDArray[np.int16]] = []
        self._length = 0
        self._end = 0

    def add(self, channel: int, windows: Iterator[Window], packers: Sequence[WindowPacker]) -> None:
        """Add windows of one channel; `packers` are those of all channels, whose horizons end the chunk."""
        for window in windows:
            if self._windows and self._length + window.samples.size > self._limit:
                self._close(min(window.ranges[0].start, *(packer.horizon for packer in packers)))
            self._windows.append(WindowPlace(channel, self._length, window.ranges))
            self._samples.append(window.samples)
            self._length += window.samples.size
            self._end = max(self._end, window.ranges[-1].end)

    def finish(self, duration_s: float) -> list[Span]:
        """All spans; the last one includes the rest of the recording, so that the units add up to `duration_s`."""
        if self._windows:
            self._close(None)
        if self._spans:
            last = self._spans[-1]
            units = duration_s - sum(span.units for span in self._spans[:-1])
            self._spans[-1] = Span(last.idx, last.start, max(last.start, duration_s), units, last.data, last.inputs)
        return self._spans

    def _close(self, horizon: int | None) -> None:
        """End the chunk. No later window begins before sample `horizon`; None = there is no later window."""
        idx = len(self._spans)
        name = f"audio-{idx:06d}.s16le"
        path = self._sink.directory / name
        with path.open("wb") as file:
            for samples in self._samples:
                samples.astype("<i2").tofile(file)
        self._sink.put(name, path)
        start = self._spans[-1].end if self._spans else 0.0
        end = max(start, self._end / RATE_HZ)
        data = WindowSpan(self._windows, None if horizon is None else horizon / RATE_HZ)
        self._spans.append(Span(idx, start, end, end - start, data.to_json(), (name,)))
        self._windows, self._samples, self._length = [], [], 0


class ChunkWindow:
    """A window of a chunk file: its samples, its channel and its position in the recording."""

    def __init__(self, path: Path, place: WindowPlace, number: int) -> None:
        #: Its index among all windows of the chunk, of which a later round may have only some.
        self.number = number
        self._path = path
        self._place = place
        self.channel = place.channel
        self.timeline = Timeline(place.ranges, RATE_HZ)

    @property
    def samples(self) -> NDArray[np.int16]:
        """Mono, 16 kHz. Read on each access: an engine holds many chunks and processes few of their windows at once."""
        return np.fromfile(self._path, dtype="<i2", count=self.timeline.length, offset=2 * self._place.offset)

    @property
    def seed(self) -> int:
        """Depends on the position in the recording and the channel, not on the division into chunks."""
        return self._place.ranges[0].start * _MAX_CHANNELS + self.channel

    @property
    def seconds(self) -> float:
        """Its length without the pauses that were left out."""
        return self.timeline.length / RATE_HZ


def read_chunk(path: Path, span: Span) -> list[ChunkWindow]:
    """The windows of a span; their samples are read from the chunk file on access."""
    data = WindowSpan.from_json(span.data)
    numbers = range(len(data.windows)) if data.only is None else sorted(data.only)
    return [ChunkWindow(path, data.windows[number], number) for number in numbers]


def span_for_windows(span: Span, numbers: Sequence[int]) -> Span:
    """The span of the next round for the windows with these numbers, in the same chunk file."""
    data = replace(WindowSpan.from_json(span.data), only=sorted(numbers))
    seconds = sum(data.windows[number].length for number in numbers) / RATE_HZ
    return next_round_span(span, data.to_json(), units=seconds)


def span_for_all_windows(span: Span) -> Span:
    """The span of the next round for all windows of the chunk; it adds nothing to progress."""
    return next_round_span(span, replace(WindowSpan.from_json(span.data), only=None).to_json())
