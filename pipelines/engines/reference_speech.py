"""The fixed recording with which engines of a speech recogniser are compared when it is loaded."""

from __future__ import annotations

import wave
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

#: President Kennedy's inaugural address, 20 January 1961: a work of the United States government.
_RECORDING = Path(__file__).with_suffix(".wav")


@cache
def load_reference_speech() -> NDArray[np.int16]:
    """Eleven seconds of English, mono at 16 kHz. Cached: must not be modified."""
    with wave.open(str(_RECORDING)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int16)
