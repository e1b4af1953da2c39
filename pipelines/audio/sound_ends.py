"""Where the sound of a word is: for models that only tell where the next word begins.

Their words last through the pause behind them, which hides a change of the speaker. Knows levels of short frames;
nothing of words or models.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .vad import RATE_HZ

_FRAME = RATE_HZ // 100
_FRAME_S = _FRAME / RATE_HZ
#: Sound is louder than the quiet tenth of the frames by `_ABOVE_FLOOR_DB`, and within `_BELOW_SPEECH_DB` of the loud
#: tenth. Where the two are nearer than `_LEAST_RANGE_DB`, noise hides the pauses.
_ABOVE_FLOOR_DB, _BELOW_SPEECH_DB, _LEAST_RANGE_DB = 6.0, 35.0, 18.0
#: Seconds that are left to a word behind its last loud frame, for consonants that fade, and what must remain to cut.
_TAIL_S, _LEAST_CUT_S = 0.05, 0.1


class SoundEnds:
    """The loud frames of a window: mono int16 samples at 16 kHz."""

    def __init__(self, samples: NDArray[np.int16]) -> None:
        count = len(samples) // _FRAME
        # In integers: the same on every processor.
        squares = np.square(samples[: count * _FRAME].astype(np.int64)).reshape(count, _FRAME).sum(axis=1)
        levels = 10 * np.log10(np.maximum(squares, _FRAME))
        floor, speech = np.percentile(levels, [10, 90]) if count else (0.0, 0.0)
        #: None where pauses cannot be told from speech.
        self._is_loud: NDArray[np.bool_] | None = None
        if speech - floor >= _LEAST_RANGE_DB:
            self._is_loud = levels >= max(floor + _ABOVE_FLOOR_DB, speech - _BELOW_SPEECH_DB)

    def end_of(self, start_s: float, end_s: float) -> float:
        """The end of a word from `start_s` to `end_s` (seconds of the window), without the quiet behind its sound.

        `end_s` where less than 0.15 s of it are quiet, or where all of it is.
        """
        if self._is_loud is None:
            return end_s
        first, last = int(start_s / _FRAME_S), int(end_s / _FRAME_S)
        loud = np.flatnonzero(self._is_loud[first:last])
        if not loud.size:
            return end_s
        sound_end_s = (first + int(loud[-1]) + 1) * _FRAME_S + _TAIL_S
        return sound_end_s if end_s - sound_end_s >= _LEAST_CUT_S else end_s

    def measure_sound_s(self, start_s: float, end_s: float) -> float | None:
        """Seconds of sound from `start_s` to `end_s` of the window; None where noise hides the pauses."""
        if self._is_loud is None:
            return None
        return float(self._is_loud[round(start_s / _FRAME_S) : round(end_s / _FRAME_S)].sum()) * _FRAME_S
