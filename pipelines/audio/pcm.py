"""Floating-point samples (full scale is ±1) as the 16-bit samples that pipelines pass on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import EngineFailure

_FULL_SCALE = 32_767


def to_int16(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """Decoded audio as 16-bit samples, rounded; a 16-bit original comes back unchanged."""
    return np.clip(np.rint(samples * np.float32(32_768)), -32_768, 32_767).astype(np.int16)


def model_output_to_int16(waveform: NDArray[np.floating]) -> NDArray[np.int16]:
    """The output of a model as 16-bit samples, rounded and clipped at full scale, which is the same for both signs.

    Raises `EngineFailure` for values that are not finite.
    """
    if not np.isfinite(waveform).all():
        raise EngineFailure("The model's sound holds values that are not numbers.")
    return np.rint(np.clip(waveform, -1.0, 1.0) * _FULL_SCALE).astype(np.int16)
