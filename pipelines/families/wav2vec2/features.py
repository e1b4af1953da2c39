"""Samples as the network hears them: normalised window by window, and padded where several go in at once.

Knows arrays; nothing of the network that they are for.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.family import Samples

#: Added to the variance, as Wav2Vec2FeatureExtractor does: digital silence stays silence.
_EPSILON = 1e-7


def normalised(samples: Samples, *, wanted: bool) -> NDArray[np.float32]:
    """int16 as float32 in [-1, 1), with mean 0 and variance 1 where the checkpoint was trained so."""
    sound: NDArray[np.float32] = samples.astype(np.float32) / np.float32(32_768)
    if not wanted or not sound.size:
        return sound
    return ((sound - sound.mean()) / np.sqrt(sound.var() + _EPSILON)).astype(np.float32)


def padded(sounds: Sequence[NDArray[np.float32]]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The sounds as rows of one array, zeros behind the shorter ones; and their lengths in samples."""
    lengths = np.array([sound.size for sound in sounds], np.int64)
    rows = np.zeros((len(sounds), int(lengths.max())), np.float32)
    for row, sound in zip(rows, sounds, strict=True):
        row[: sound.size] = sound
    return rows, lengths
