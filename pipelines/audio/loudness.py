"""Loudness measurement (EBU R 128) and normalisation, in two passes over a file on disk and in flat memory.

FFmpeg measures; gain and limiter are our own, because FFmpeg's loudnorm silently changes the rate and the dynamics.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
from av.filter import Graph
from numpy.typing import NDArray

#: Neither a sample nor a true peak exceeds this (−1.5 dBTP) by more than 0.25 dB: encoders need headroom.
CEILING = 10 ** (-1.5 / 20)
#: A quieter recording is silence and gets no gain.
_SILENCE_LUFS = -69.0
_MAX_GAIN_DB = 40.0
_BLOCK = 1 << 16
#: Samples in one step of the limiter's gain, and steps of its look-ahead and release: about 12 ms at 22,050 Hz.
_HOP = 32
_REACH = 8
_OVERSAMPLING = 4
_TAPS = 48


class LoudnessMeter:
    """Measures a stream of mono s16 samples."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._at = 0
        self._lufs = -70.0
        self._graph = Graph()
        source = self._graph.add_abuffer(
            sample_rate=rate_hz, format="s16", layout="mono", time_base=Fraction(1, rate_hz)
        )
        meter = self._graph.add("ebur128", "metadata=1")
        sink = self._graph.add("abuffersink")
        source.link_to(meter)
        meter.link_to(sink)
        self._graph.configure()

    def add(self, samples: NDArray[np.int16]) -> None:
        """Add the next samples."""
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples).reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = self._rate_hz, self._at, Fraction(1, self._rate_hz)
        self._at += len(samples)
        self._graph.push(frame)
        self._drain()

    def finish(self) -> float:
        """Integrated loudness in LUFS; −70 for silence."""
        self._graph.push(None)
        self._drain()
        return self._lufs

    def _drain(self) -> None:
        while True:
            try:
                frame = self._graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            value = frame.metadata.get("lavfi.r128.I")
            if value is not None:
                self._lufs = float(value)


def normalise_loudness(path: Path, measured_lufs: float, target_lufs: float) -> Iterator[NDArray[np.int16]]:
    """The raw s16le samples in `path` at the target loudness, in blocks; peaks above the ceiling are limited."""
    gain_db = 0.0 if measured_lufs <= _SILENCE_LUFS else min(_MAX_GAIN_DB, target_lufs - measured_lufs)
    yield from apply_gain(path, gain_db, CEILING)


def apply_gain(path: Path, gain_db: float, ceiling: float) -> Iterator[NDArray[np.int16]]:
    """The raw s16le samples in `path` with a gain, in blocks; true peaks above the ceiling (0–1) are limited."""
    gain = 10 ** (gain_db / 20) / 32_768
    count = path.stat().st_size // 2
    with path.open("rb") as file:
        for start in range(0, count, _BLOCK):
            block = _read(file, start, min(_BLOCK, count - start), gain)
            # Between two samples the curve rises less than 6 dB above them in anything but test signals.
            if np.abs(block).max() > ceiling / 2:
                block = block * _limiter_gain(file, start, len(block), gain, ceiling)
            yield np.rint(block * 32_768).astype(np.int16)


def _read(file: BinaryIO, start: int, count: int, gain: float) -> NDArray[np.float32]:
    """`count` samples from `start`, times `gain`; silence outside of the file. (A memory map would count as memory.)"""
    before = max(0, -start)
    file.seek(2 * max(0, start))
    inside = np.frombuffer(file.read(2 * max(0, count - before)), "<i2")
    samples = np.zeros(count, np.float32)
    samples[before : before + len(inside)] = inside * np.float32(gain)
    return samples


def _limiter_gain(file: BinaryIO, start: int, length: int, gain: float, ceiling: float) -> NDArray[np.float32]:
    """The limiter's gain for each sample of a block.

    Each hop allows the gain at which its true peak is at the ceiling. The minimum over its neighbours, averaged over
    fewer neighbours, is a smooth curve that is low enough at every peak.
    """
    hops = -(-length // _HOP)
    reach = 2 * _REACH + 1
    allowed = ceiling / np.maximum(_true_peaks(file, start - reach * _HOP, hops + 2 * reach, gain), ceiling)
    least = np.lib.stride_tricks.sliding_window_view(allowed, 2 * _REACH + 1).min(axis=1)
    smooth = np.lib.stride_tricks.sliding_window_view(least, 2 * _REACH - 1).mean(axis=1)
    # smooth[k] belongs to hop k - 2 of the block.
    centres = (np.arange(len(smooth)) - 2 + 0.5) * _HOP
    return np.interp(np.arange(length) + 0.5, centres, smooth).astype(np.float32)


def _true_peaks(file: BinaryIO, first: int, hops: int, gain: float) -> NDArray[np.float64]:
    """The true peak of each hop: the highest point of the interpolated signal, from sample `first`."""
    count = hops * _HOP
    samples = _read(file, first - _TAPS // 2, count + _TAPS, gain)
    at = slice(_TAPS // 2, _TAPS // 2 + count)
    peaks = np.abs(samples[at])
    for taps in _INTERPOLATORS:
        between = np.abs(np.convolve(samples, taps, "same"))
        # between[n] lies between the samples n - 1 and n, and counts for both.
        peaks = np.maximum(peaks, np.maximum(between[at], between[_TAPS // 2 + 1 : _TAPS // 2 + 1 + count]))
    return peaks.reshape(hops, _HOP).max(axis=1).astype(np.float64)


def _interpolators() -> list[NDArray[np.float32]]:
    """Windowed sinc filters for the points a quarter, a half and three quarters of the way to the next sample."""
    places = np.arange(_TAPS) - (_TAPS // 2 - 1)
    filters = []
    for step in range(1, _OVERSAMPLING):
        distance = places - step / _OVERSAMPLING
        window = 0.5 + 0.5 * np.cos(np.pi * distance / (_TAPS / 2))
        filters.append((np.sinc(distance) * window)[::-1].astype(np.float32))
    return filters


_INTERPOLATORS = _interpolators()
