"""Audio levels that audiobook shops require (ACX): RMS from −23 to −18 dB, peaks to −3 dB, noise floor to −60 dB.

Knows samples and finished files; gain and limiter are in loudness.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from .loudness import apply_gain

MIN_RMS_DB, MAX_RMS_DB = -23.0, -18.0
MAX_PEAK_DB = -3.0
MAX_NOISE_FLOOR_DB = -60.0
#: The targets keep a margin: lossy codecs overshoot, and the limiter lowers the RMS.
_TARGET_RMS_DB = -20.0
_CEILING = 10 ** (-4.0 / 20)
_TOLERANCE_DB, _MAX_PASSES = 0.5, 4
_MAX_GAIN_DB = 40.0
#: The noise floor is the RMS of the quietest frame of this length in seconds: pauses between sentences are longer.
_FLOOR_FRAME_S = 0.25
#: Digital silence has no decibels.
_SILENCE_DB = -120.0


@dataclass(frozen=True, slots=True)
class AcxLevels:
    """Levels of a whole file in dB relative to full scale."""

    rms_db: float
    peak_db: float
    noise_floor_db: float

    @property
    def is_within(self) -> bool:
        """Whether the file meets all requirements."""
        return (
            MIN_RMS_DB <= self.rms_db <= MAX_RMS_DB
            and self.peak_db <= MAX_PEAK_DB
            and self.noise_floor_db <= MAX_NOISE_FLOOR_DB
        )


def master(path: Path) -> Iterator[NDArray[np.int16]]:
    """The raw s16le samples in `path` at the target level, in blocks; reads up to five times, in flat memory."""
    gain_db = 0.0
    rms_db = _rms_db(apply_gain(path, 0.0, _CEILING))
    if rms_db > _SILENCE_DB:
        for _ in range(_MAX_PASSES - 1):
            # Where the limiter acts, the effective gain is less than the given one: add what is missing.
            gain_db = min(_MAX_GAIN_DB, gain_db + _TARGET_RMS_DB - rms_db)
            rms_db = _rms_db(apply_gain(path, gain_db, _CEILING))
            if abs(rms_db - _TARGET_RMS_DB) <= _TOLERANCE_DB:
                break
    yield from apply_gain(path, gain_db, _CEILING)


def measure_levels(path: Path) -> AcxLevels:
    """Measure a finished file of any format that names itself: the decoded audio, not what was encoded."""
    square = count = 0.0
    peak, quietest = 0.0, math.inf
    rest = np.zeros(0, np.float32)
    with av.open(str(path)) as file:
        resampler = av.AudioResampler(format="flt", layout="mono")
        window = round(_FLOOR_FRAME_S * file.streams.audio[0].rate)
        for frame in file.decode(audio=0):
            for each in resampler.resample(frame):
                samples = each.to_ndarray()[0]
                square += float(np.square(samples, dtype=np.float64).sum())
                count += len(samples)
                peak = max(peak, float(np.abs(samples).max(initial=0.0)))
                rest = np.concatenate([rest, samples])
                whole = len(rest) // window * window
                if whole:
                    blocks = np.square(rest[:whole].reshape(-1, window), dtype=np.float64).mean(axis=1)
                    quietest, rest = min(quietest, float(blocks.min())), rest[whole:]
    mean = square / count if count else 0.0
    floor = quietest if quietest < math.inf else mean
    return AcxLevels(_decibels(math.sqrt(mean)), _decibels(peak), _decibels(math.sqrt(floor)))


def _rms_db(blocks: Iterable[NDArray[np.int16]]) -> float:
    square = count = 0.0
    for block in blocks:
        square += float(np.square(block.astype(np.float64) / 32_768).sum())
        count += len(block)
    return _decibels(math.sqrt(square / count) if count else 0.0)


def _decibels(amplitude: float) -> float:
    return round(max(_SILENCE_DB, 20 * math.log10(amplitude)), 2) if amplitude > 0 else _SILENCE_DB
