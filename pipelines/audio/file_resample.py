"""Another sampling rate for a stream of 16-bit samples that become a file. Knows soxr at its best quality."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

from .resample import to_int16


class RateChange:
    """Mono s16 in at one rate, out at another; nothing is touched where the two are the same.

    However the input is cut into blocks, the same samples come out. Floating point inside: soxr dithers integers.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._stream = None if from_hz == to_hz else soxr.ResampleStream(from_hz, to_hz, 1, "float32", "VHQ")

    def change(self, samples: NDArray[np.int16]) -> NDArray[np.int16]:
        """The output that these samples complete."""
        return samples if self._stream is None else self._through(samples.astype(np.float32) / np.float32(32_768))

    def finish(self) -> NDArray[np.int16]:
        """The last samples."""
        return np.zeros(0, np.int16) if self._stream is None else self._through(np.zeros(0, np.float32), last=True)

    def _through(self, samples: NDArray[np.float32], *, last: bool = False) -> NDArray[np.int16]:
        assert self._stream is not None
        return to_int16(self._stream.resample_chunk(samples, last=last))
