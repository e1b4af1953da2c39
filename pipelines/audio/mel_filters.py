"""Mel filter banks: the triangular filters that turn a spectrum into mel bins. NumPy only.

Two mel scales: "slaney" (Slaney's Auditory Toolbox, librosa's default) is linear below 1 kHz and logarithmic above, its
triangles have area 1; "htk" (O'Shaughnessy's formula, as in HTK) is logarithmic, its triangles have height 1.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

MelScale = Literal["slaney", "htk"]

#: Slaney's scale: 3 mels for 200 Hz up to the knee, then 27 mels for a factor of 6.4.
_KNEE_HZ, _KNEE_MEL, _STEP = 1000.0, 15.0, math.log(6.4) / 27.0


def build_mel_filters(
    sample_rate_hz: int, *, fft: int, bins: int, fmin_hz: float, fmax_hz: float, scale: MelScale
) -> NDArray[np.float64]:
    """Weights (bins, fft / 2 + 1) of triangles spaced evenly in mel from `fmin_hz` to `fmax_hz`."""
    to_mel, to_hz = (_hz_to_slaney, _slaney_to_hz) if scale == "slaney" else (_hz_to_htk, _htk_to_hz)
    lowest, highest = to_mel(np.array([fmin_hz, fmax_hz]))
    corners = to_hz(np.linspace(lowest, highest, bins + 2))
    bins_hz = np.fft.rfftfreq(fft, 1 / sample_rate_hz)
    rising = (bins_hz - corners[:-2, None]) / (corners[1:-1] - corners[:-2])[:, None]
    falling = (corners[2:, None] - bins_hz) / (corners[2:] - corners[1:-1])[:, None]
    triangles = np.maximum(0, np.minimum(rising, falling))
    if scale == "slaney":
        triangles *= (2 / (corners[2:] - corners[:-2]))[:, None]
    return triangles


def _hz_to_slaney(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(hz < _KNEE_HZ, hz * 3 / 200, _KNEE_MEL + np.log(np.maximum(hz, 1e-9) / _KNEE_HZ) / _STEP)


def _slaney_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mel < _KNEE_MEL, mel * 200 / 3, _KNEE_HZ * np.exp(_STEP * (mel - _KNEE_MEL)))


def _hz_to_htk(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    return 2595.0 * np.log10(1 + hz / 700)


def _htk_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return 700 * (10 ** (mel / 2595) - 1)
