"""Input features of the network: samples normalised window by window, and padded to batches.

Knows arrays; nothing of the network.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.family import Samples

#: Added to the variance, as in Wav2Vec2FeatureExtractor: digital silence stays silence.
_EPSILON = 1e-7


def normalise(samples: Samples, *, is_normalised: bool) -> NDArray[np.float32]:
    """int16 to float32 in [-1, 1), scaled to mean 0 and variance 1 if `is_normalised`."""
    wave: NDArray[np.float32] = samples.astype(np.float32) / np.float32(32_768)
    if not is_normalised or not wave.size:
        return wave
    return ((wave - wave.mean()) / np.sqrt(wave.var() + _EPSILON)).astype(np.float32)


def pad_rows(waves: Sequence[NDArray[np.float32]]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The waves as rows of one array, padded with zeros; and their lengths in samples."""
    lengths = np.array([wave.size for wave in waves], np.int64)
    rows = np.zeros((len(waves), int(lengths.max())), np.float32)
    for row, wave in zip(rows, waves, strict=True):
        row[: wave.size] = wave
    return rows, lengths
