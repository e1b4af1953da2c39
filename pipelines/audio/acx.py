"""What audiobook shops ask of a file's level (ACX): RMS from −23 to −18 dB, peak of −3 dB, noise floor of −60 dB.

Knows samples and finished files; how gain and limiter work is in loudness.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from .loudness import amplified

QUIETEST_RMS_DB, LOUDEST_RMS_DB = -23.0, -18.0
HIGHEST_PEAK_DB = -3.0
LOUDEST_FLOOR_DB = -60.0
#: What is aimed at: lossy codecs overshoot, and the limiter takes something off the RMS.
_TARGET_RMS_DB = -20.0
_CEILING = 10 ** (-4.0 / 20)
_CLOSE_DB, _MOST_PASSES = 0.5, 4
_LARGEST_GAIN_DB = 40.0
#: The noise floor is the quietest stretch of this many seconds: a pause between two sentences is longer.
_FLOOR_S = 0.25
#: Digital silence has no decibels.
_SILENCE_DB = -120.0


@dataclass(frozen=True, slots=True)
class Levels:
    """Of a whole file, dB below full scale."""

    rms_db: float
    peak_db: float
    noise_floor_db: float

    @property
    def is_within(self) -> bool:
        """Whether the file is as the shops want it."""
        return (
            QUIETEST_RMS_DB <= self.rms_db <= LOUDEST_RMS_DB
            and self.peak_db <= HIGHEST_PEAK_DB
            and self.noise_floor_db <= LOUDEST_FLOOR_DB
        )


def mastered(path: Path) -> Iterator[NDArray[np.int16]]:
    """The raw s16le samples in `path` at the level wanted, in blocks. Reads them up to five times, in flat memory."""
    gain_db = 0.0
    spoken_db = _rms_db(amplified(path, 0.0, _CEILING))
    if spoken_db > _SILENCE_DB:
        for _ in range(_MOST_PASSES - 1):
            # Where the limiter works the gain is less than was asked for: ask again for what is left.
            gain_db = min(_LARGEST_GAIN_DB, gain_db + _TARGET_RMS_DB - spoken_db)
            spoken_db = _rms_db(amplified(path, gain_db, _CEILING))
            if abs(spoken_db - _TARGET_RMS_DB) <= _CLOSE_DB:
                break
    yield from amplified(path, gain_db, _CEILING)


def levels_of(path: Path) -> Levels:
    """Measure a finished file, of any format that says its own: what a listener decodes, not what was encoded."""
    square = count = 0.0
    peak, quietest = 0.0, math.inf
    rest = np.zeros(0, np.float32)
    with av.open(str(path)) as file:
        resampler = av.AudioResampler(format="flt", layout="mono")
        window = round(_FLOOR_S * file.streams.audio[0].rate)
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
    return Levels(_decibels(math.sqrt(mean)), _decibels(peak), _decibels(math.sqrt(floor)))


def _rms_db(blocks: Iterable[NDArray[np.int16]]) -> float:
    square = count = 0.0
    for block in blocks:
        square += float(np.square(block.astype(np.float64) / 32_768).sum())
        count += len(block)
    return _decibels(math.sqrt(square / count) if count else 0.0)


def _decibels(amplitude: float) -> float:
    return round(max(_SILENCE_DB, 20 * math.log10(amplitude)), 2) if amplitude > 0 else _SILENCE_DB
