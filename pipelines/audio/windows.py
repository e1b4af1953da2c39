"""Packs the speech of one channel into windows of at most 30 s, cut at pauses.

Streams with constant memory: it keeps the window that it fills and the current speech. Knows a detector and its
threshold; nothing of files, chunks or models.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .denoise import Denoiser
from .pcm import to_int16
from .vad import FRAME, RATE_HZ, Detector, HysteresisSettings, HysteresisThreshold

#: Longest window, in samples.
WINDOW = 30 * RATE_HZ
#: Padding around speech, in samples (0.19 s); shorter than the minimum silence, so it is always available.
_PAD = 6 * FRAME
#: Pauses up to this are kept whole; longer ones are reduced to the padding of their neighbours.
_KEPT_PAUSE = RATE_HZ // 2
#: A longer pause ends the window: the speech behind it is hardly related.
_LONG_PAUSE = 60 * RATE_HZ
#: A window with this many samples is full enough. A shorter one gets the beginning of speech that does not fit as a
#: whole, if there is a pause at the right place: a model computes the whole window, however little of it is speech.
_FULL = WINDOW * 9 // 10
#: Minimum length of such a pause (0.1 s), and of the speech on both sides of it (0.5 s), in frames.
_CUT_PAUSE, _MIN_PART = 3, 16
#: Longest speech without a cut, in frames, and from where a cut is preferred and allowed.
_MAX_SPEECH = (WINDOW - 2 * _PAD) // FRAME
_PREFERRED_CUT, _EARLIEST_CUT = _MAX_SPEECH * 9 // 10, _MAX_SPEECH * 2 // 5


@dataclass(frozen=True, slots=True)
class SampleRange:
    """Consecutive samples of the recording: `length` of them from `start`."""

    start: int
    length: int

    @property
    def end(self) -> int:
        """The first sample behind it."""
        return self.start + self.length


@dataclass(frozen=True, slots=True)
class Window:
    """Speech to transcribe at once: ranges of the recording, without the long pauses between them."""

    ranges: tuple[SampleRange, ...]
    samples: NDArray[np.int16] = field(repr=False)


class _SampleBuffer:
    """The latest samples of a channel, addressed by their position in the recording."""

    def __init__(self) -> None:
        self._start = 0
        self._samples = np.zeros(0, np.int16)

    @property
    def end(self) -> int:
        return self._start + self._samples.size

    def append(self, samples: NDArray[np.int16]) -> None:
        self._samples = np.concatenate([self._samples, samples])

    def read(self, start: int, end: int) -> NDArray[np.int16]:
        assert start >= self._start
        return self._samples[start - self._start : end - self._start]

    def discard(self, before: int) -> None:
        # In large steps, because each one copies what remains.
        if before - self._start > 4 * RATE_HZ:
            self._samples = self._samples[before - self._start :].copy()
            self._start = before


class WindowPacker:
    """Packs a stream of samples into windows."""

    def __init__(
        self, detector: Detector, settings: HysteresisSettings | None = None, denoiser: Denoiser | None = None
    ) -> None:
        """`denoiser`: applied to the samples before speech is detected; the windows have its output."""
        self._detector = detector
        self._denoiser = denoiser
        self._settings = settings or HysteresisSettings()
        self._threshold = HysteresisThreshold(self._settings)
        self._buffer = _SampleBuffer()
        self._frame = 0
        #: Scores of the current speech, from its first frame.
        self._scores: list[float] = []
        #: End of the last range: samples before it have been taken.
        self._taken_to = 0
        #: Ranges and samples of the window that is being filled.
        self._ranges: list[SampleRange] = []
        self._samples: list[NDArray[np.int16]] = []
        #: Seconds of speech so far.
        self.speech_s = 0.0

    def push(self, samples: NDArray[np.float32]) -> Iterator[Window]:
        """Take the next samples (mono, 16 kHz, ±1); yield the windows that they complete."""
        yield from self._add_samples(samples if self._denoiser is None else self._denoiser.push(samples))

    def finish(self) -> Iterator[Window]:
        """The windows that the end of the recording completes."""
        if self._denoiser is not None:
            yield from self._add_samples(self._denoiser.finish())
        yield from self._add_scores(self._detector.finish())
        span = self._threshold.finish()
        if span is not None:
            yield from self._end_speech(*span)
        yield from self._flush()

    @property
    def horizon(self) -> int:
        """No later window begins before this sample."""
        if self._ranges:
            return self._ranges[0].start
        since = self._threshold.speech_start
        return max(self._taken_to, (self._frame if since is None else since) * FRAME - _PAD)

    def _add_samples(self, samples: NDArray[np.float32]) -> Iterator[Window]:
        self._buffer.append(to_int16(samples))
        yield from self._add_scores(self._detector.push(samples))

    def _add_scores(self, scores: NDArray[np.float32]) -> Iterator[Window]:
        for score in scores.tolist():
            span = self._threshold.push(score)
            self._frame += 1
            if span is not None:
                yield from self._end_speech(*span)
            if self._threshold.speech_start is not None:
                self._scores.append(score)
                if len(self._scores) >= _MAX_SPEECH:
                    yield from self._cut_speech()
            else:
                self._scores.clear()
                if self._frame * FRAME - self._taken_to > _LONG_PAUSE:
                    yield from self._flush()
        since = self._threshold.speech_start
        self._buffer.discard(max(0, (self._frame if since is None else since) * FRAME - _PAD - _KEPT_PAUSE))

    def _end_speech(self, first: int, last: int) -> Iterator[Window]:
        """Take speech that has ended: frames [first, last)."""
        start, end = first * FRAME - _PAD, last * FRAME + _PAD
        del self._scores[last - first :]  # those of the silence behind it
        if self._length + end - max(start, self._taken_to) > WINDOW:
            index = self._find_filling_cut(first)
            if index is not None:
                cut = self._find_quietest(first + index)
                yield from self._take(start, cut)
                start = cut
        yield from self._take(start, end)

    def _cut_speech(self) -> Iterator[Window]:
        """Cut speech as long as a window: where it fills the current window, else in its longest and latest pause."""
        first = self._threshold.speech_start
        assert first is not None
        index = self._find_filling_cut(first)
        if index is None:
            index = _find_cut(self._scores, self._settings.offset)
        yield from self._take(first * FRAME - _PAD, self._find_quietest(first + index))
        self._threshold.restart(first + index)
        self._scores = self._scores[index:]

    def _find_filling_cut(self, first: int) -> int | None:
        """A pause in the speech from frame `first` behind the part that fills the window, as an index of its scores.

        None without such a pause, and for a window that is empty, full, or followed by a long pause.
        """
        start = max(first * FRAME - _PAD, self._taken_to)
        pause = start - self._taken_to
        if not self._ranges or self._length >= _FULL or pause > _LONG_PAUSE:
            return None
        taken = self._length + first * FRAME - start + (pause if pause <= _KEPT_PAUSE else 0)
        # The quietest place may be up to two frames behind the middle of the pause.
        after, before = (_FULL - taken) // FRAME, (WINDOW - taken) // FRAME - 2
        after, before = max(after, _MIN_PART), min(before, len(self._scores) - _MIN_PART)
        return _find_pause(self._scores, after, before, self._settings.offset, _CUT_PAUSE)

    def _find_quietest(self, frame: int) -> int:
        """The sample in the middle of the quietest 10 ms of this frame and its neighbours."""
        start = (frame - 1) * FRAME
        near = self._buffer.read(start, (frame + 2) * FRAME).astype(np.float64)
        loudness = np.convolve(np.square(near), np.ones(160), "valid")
        return start + int(np.argmin(loudness)) + 80

    def _take(self, start: int, end: int) -> Iterator[Window]:
        """Add samples [start, end) to the window; complete it first where there is no room."""
        start, end = max(start, self._taken_to), min(end, self._buffer.end)
        if end <= start:
            return
        self.speech_s += (end - start) / RATE_HZ
        pause = start - self._taken_to
        if self._ranges and pause <= _KEPT_PAUSE and self._length + pause + end - start <= WINDOW:
            self._extend(end)
            return
        full = self._ranges and (pause > _LONG_PAUSE or self._length + end - start > WINDOW)
        window = self._complete() if full else None
        self._ranges.append(SampleRange(start, end - start))
        self._samples.append(self._buffer.read(start, end).copy())
        self._taken_to = end
        if window is not None:  # only now, so that `horizon` includes the new range
            yield window

    def _extend(self, end: int) -> None:
        last = self._ranges[-1]
        self._ranges[-1] = SampleRange(last.start, end - last.start)
        self._samples.append(self._buffer.read(last.end, end).copy())
        self._taken_to = end

    @property
    def _length(self) -> int:
        return sum(each.length for each in self._ranges)

    def _flush(self) -> Iterator[Window]:
        if self._ranges:
            yield self._complete()

    def _complete(self) -> Window:
        window = Window(tuple(self._ranges), np.concatenate(self._samples))
        self._ranges, self._samples = [], []
        return window


def _find_cut(scores: list[float], offset: float) -> int:
    """Where to cut speech that is as long as a window: an index of its scores; without any pause, the lowest score."""
    preferred = _find_pause(scores, _PREFERRED_CUT, len(scores), offset, _CUT_PAUSE)
    best = _find_pause(scores, _EARLIEST_CUT, len(scores), offset, 1) if preferred is None else preferred
    if best is not None:
        return best
    tail = scores[_EARLIEST_CUT:-1]
    return _EARLIEST_CUT + len(tail) - 1 - int(np.argmin(tail[::-1]))


def _find_pause(scores: list[float], first: int, last: int, offset: float, least: int) -> int | None:
    """The middle of the longest run of at least `least` scores below `offset` in [first, last); the later of equals."""
    longest, middle = least, None
    run = 0
    for index in range(first, last):
        run = run + 1 if scores[index] < offset else 0
        if run >= longest:
            longest, middle = run, index - run // 2
    return middle
