"""Samples of models (floats, 1.0 is full scale) as the 16-bit samples that pipelines pass on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import EngineFailure

_FULL_SCALE = 32_767


def pcm16(waveform: NDArray[np.floating]) -> NDArray[np.int16]:
    """Round to int16; what is past full scale is clipped. Raises `EngineFailure` for a sound that is not numbers."""
    if not np.isfinite(waveform).all():
        raise EngineFailure("The model's sound holds values that are not numbers.")
    return np.rint(np.clip(waveform, -1.0, 1.0) * _FULL_SCALE).astype(np.int16)
