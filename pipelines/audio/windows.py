"""Packs the speech of one channel into windows of at most 30 s, cut where nobody speaks.

Streams with constant memory: it holds the window that it fills and the speech that goes on. Knows a detector and a
gate; nothing of files, chunks or models.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .denoise import Denoiser
from .resample import to_int16
from .vad import FRAME, RATE_HZ, Detector, GateSettings, SpeechGate

#: Longest window, in samples.
WINDOW = 30 * RATE_HZ
#: Kept around speech, in samples (0.19 s); less than the gate's patience, so it is always there.
_PAD = 6 * FRAME
#: Pauses up to this stay as they are; longer ones shrink to the padding of their neighbours.
_KEPT_PAUSE = RATE_HZ // 2
#: A longer pause ends the window: what follows has little to do with it.
_LONG_PAUSE = 8 * RATE_HZ
#: Longest speech without a cut, in frames, and the part of it in which no cut is looked for.
_LONGEST = (WINDOW - 2 * _PAD) // FRAME
_EARLIEST_CUT = _LONGEST * 2 // 5


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive samples of the recording: `length` of them from `start`."""

    start: int
    length: int

    @property
    def end(self) -> int:
        """First sample behind it."""
        return self.start + self.length


@dataclass(frozen=True, slots=True)
class Window:
    """Speech to recognise in one go: pieces of the recording with the long pauses between them taken out."""

    pieces: tuple[Piece, ...]
    samples: NDArray[np.int16] = field(repr=False)


class _Tape:
    """The last samples of a channel, addressed by their position in the recording."""

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

    def forget(self, before: int) -> None:
        # In steps, for each one copies what stays.
        if before - self._start > 4 * RATE_HZ:
            self._samples = self._samples[before - self._start :].copy()
            self._start = before


class WindowPacker:
    """Samples in, windows out."""

    def __init__(
        self, detector: Detector, settings: GateSettings | None = None, cleaner: Denoiser | None = None
    ) -> None:
        """`cleaner`: what the samples go through before speech is looked for, and as what they are kept."""
        self._detector = detector
        self._cleaner = cleaner
        self._settings = settings or GateSettings()
        self._gate = SpeechGate(self._settings)
        self._tape = _Tape()
        self._frame = 0
        #: Scores of the speech that goes on, from its first frame.
        self._scores: list[float] = []
        #: Nothing before this sample may be taken again.
        self._edge = 0
        self._pieces: list[Piece] = []
        self._filled: list[NDArray[np.int16]] = []
        #: Seconds of speech that were found.
        self.speech_s = 0.0

    def push(self, samples: NDArray[np.float32]) -> Iterator[Window]:
        """Take the next samples (mono, 16 kHz, ±1); yield the windows that are complete."""
        yield from self._take_in(samples if self._cleaner is None else self._cleaner.push(samples))

    def finish(self) -> Iterator[Window]:
        """The windows that the recording's end completes."""
        if self._cleaner is not None:
            yield from self._take_in(self._cleaner.finish())
        yield from self._listen(self._detector.finish())
        span = self._gate.finish()
        if span is not None:
            yield from self._take(span[0] * FRAME - _PAD, span[1] * FRAME + _PAD)
        yield from self._close()

    @property
    def horizon(self) -> int:
        """No window that is still to come begins before this sample."""
        if self._pieces:
            return self._pieces[0].start
        since = self._gate.open_since
        return max(self._edge, (self._frame if since is None else since) * FRAME - _PAD)

    def _take_in(self, samples: NDArray[np.float32]) -> Iterator[Window]:
        self._tape.append(to_int16(samples))
        yield from self._listen(self._detector.push(samples))

    def _listen(self, scores: NDArray[np.float32]) -> Iterator[Window]:
        for score in scores.tolist():
            span = self._gate.push(score)
            self._frame += 1
            if self._gate.open_since is not None:
                self._scores.append(score)
                if len(self._scores) >= _LONGEST:
                    yield from self._cut_speech()
            else:
                self._scores.clear()
            if span is not None:
                yield from self._take(span[0] * FRAME - _PAD, span[1] * FRAME + _PAD)
            elif self._pieces and self._gate.open_since is None and self._frame * FRAME - self._edge > _LONG_PAUSE:
                yield from self._close()
        since = self._gate.open_since
        self._tape.forget(max(0, (self._frame if since is None else since) * FRAME - _PAD - _KEPT_PAUSE))

    def _cut_speech(self) -> Iterator[Window]:
        """Speech has filled a window without a pause that ends it: cut it at the longest of its short pauses."""
        first = self._gate.open_since
        assert first is not None
        cut_frame = first + _longest_pause(self._scores, self._settings.release)
        cut = self._quietest(cut_frame)
        yield from self._take(first * FRAME - _PAD, cut)
        self._gate.restart(cut_frame)
        self._scores = self._scores[cut_frame - first :]

    def _quietest(self, frame: int) -> int:
        """The middle of the quietest 10 ms within this frame and its neighbours."""
        start = (frame - 1) * FRAME
        near = self._tape.read(start, (frame + 2) * FRAME).astype(np.float64)
        loudness = np.convolve(np.square(near), np.ones(160), "valid")
        return start + int(np.argmin(loudness)) + 80

    def _take(self, start: int, end: int) -> Iterator[Window]:
        """Add a stretch of speech to the window, closing it first where there is no room."""
        start, end = max(start, self._edge), min(end, self._tape.end)
        if end <= start:
            return
        self.speech_s += (end - start) / RATE_HZ
        pause = start - self._edge
        if self._pieces and pause <= _KEPT_PAUSE and self._length + pause + end - start <= WINDOW:
            self._extend(end)
            return
        full = self._pieces and (pause > _LONG_PAUSE or self._length + end - start > WINDOW)
        window = self._emptied() if full else None
        self._pieces.append(Piece(start, end - start))
        self._filled.append(self._tape.read(start, end).copy())
        self._edge = end
        if window is not None:  # only now, so that `horizon` knows what is held
            yield window

    def _extend(self, end: int) -> None:
        last = self._pieces[-1]
        self._pieces[-1] = Piece(last.start, end - last.start)
        self._filled.append(self._tape.read(last.end, end).copy())
        self._edge = end

    @property
    def _length(self) -> int:
        return sum(piece.length for piece in self._pieces)

    def _close(self) -> Iterator[Window]:
        if self._pieces:
            yield self._emptied()

    def _emptied(self) -> Window:
        window = Window(tuple(self._pieces), np.concatenate(self._filled))
        self._pieces, self._filled = [], []
        return window


def _longest_pause(scores: list[float], release: float) -> int:
    """Index of the frame amid the longest run under `release`; without one, of the lowest score. The later wins."""
    best_length, best = 0, None
    run = 0
    for index in range(_EARLIEST_CUT, len(scores)):
        run = run + 1 if scores[index] < release else 0
        if run and run >= best_length:
            best_length, best = run, index - run // 2
    if best is not None:
        return best
    tail = scores[_EARLIEST_CUT:-1]
    return _EARLIEST_CUT + len(tail) - 1 - int(np.argmin(tail[::-1]))
