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
_LONG_PAUSE = 60 * RATE_HZ
#: A window this full is left as it is. One that is less so gets the beginning of speech that does not fit, if that
#: pauses at the right place: a model works on the whole window, however little of it is speech.
_FULL = WINDOW * 9 // 10
#: Such a pause lasts 0.1 s or more, and there is half a second of speech on both sides; in frames.
_CUT_PAUSE, _CRUMB = 3, 16
#: Longest speech without a cut, in frames, and the parts of it in which no cut is looked for, first and at all.
_LONGEST = (WINDOW - 2 * _PAD) // FRAME
_WANTED_CUT, _EARLIEST_CUT = _LONGEST * 9 // 10, _LONGEST * 2 // 5


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
            yield from self._take_span(*span)
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
            if span is not None:
                yield from self._take_span(*span)
            if self._gate.open_since is not None:
                self._scores.append(score)
                if len(self._scores) >= _LONGEST:
                    yield from self._cut_speech()
            else:
                self._scores.clear()
                if self._frame * FRAME - self._edge > _LONG_PAUSE:
                    yield from self._close()
        since = self._gate.open_since
        self._tape.forget(max(0, (self._frame if since is None else since) * FRAME - _PAD - _KEPT_PAUSE))

    def _take_span(self, first: int, last: int) -> Iterator[Window]:
        """Speech has ended: its frames are [first, last)."""
        start, end = first * FRAME - _PAD, last * FRAME + _PAD
        del self._scores[last - first :]  # the silence that ended it
        if self._length + end - max(start, self._edge) > WINDOW:
            index = self._filling_cut(first)
            if index is not None:
                cut = self._quietest(first + index)
                yield from self._take(start, cut)
                start = cut
        yield from self._take(start, end)

    def _cut_speech(self) -> Iterator[Window]:
        """Speech goes on for as long as a window: cut it where the one that is begun is full, or else where the speech
        pauses longest, best of all late."""
        first = self._gate.open_since
        assert first is not None
        index = self._filling_cut(first)
        if index is None:
            index = _best_cut(self._scores, self._settings.release)
        yield from self._take(first * FRAME - _PAD, self._quietest(first + index))
        self._gate.restart(first + index)
        self._scores = self._scores[index:]

    def _filling_cut(self, first: int) -> int | None:
        """Where the speech that began in frame `first` pauses so that what is before fills the window, as an index of
        its scores. None where it does not pause there, and for a window that is empty, full, or long ago."""
        start = max(first * FRAME - _PAD, self._edge)
        pause = start - self._edge
        if not self._pieces or self._length >= _FULL or pause > _LONG_PAUSE:
            return None
        taken = self._length + first * FRAME - start + (pause if pause <= _KEPT_PAUSE else 0)
        # What is quietest may lie up to two frames behind the middle of the pause.
        after, before = (_FULL - taken) // FRAME, (WINDOW - taken) // FRAME - 2
        after, before = max(after, _CRUMB), min(before, len(self._scores) - _CRUMB)
        return _pause(self._scores, after, before, self._settings.release, _CUT_PAUSE)

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


def _best_cut(scores: list[float], release: float) -> int:
    """Where speech as long as a window is cut: an index of its scores. Without any pause it is the lowest score."""
    wanted = _pause(scores, _WANTED_CUT, len(scores), release, _CUT_PAUSE)
    best = _pause(scores, _EARLIEST_CUT, len(scores), release, 1) if wanted is None else wanted
    if best is not None:
        return best
    tail = scores[_EARLIEST_CUT:-1]
    return _EARLIEST_CUT + len(tail) - 1 - int(np.argmin(tail[::-1]))


def _pause(scores: list[float], first: int, last: int, release: float, least: int) -> int | None:
    """The middle of the longest run of `least` or more scores under `release` within [first, last); the later wins."""
    longest, middle = least, None
    run = 0
    for index in range(first, last):
        run = run + 1 if scores[index] < release else 0
        if run >= longest:
            longest, middle = run, index - run // 2
    return middle
