"""Measures the pitch of a voice."""

from __future__ import annotations

import numpy as np

_WINDOW = 2_048
_LOWEST_HZ, _HIGHEST_HZ = 55.0, 370.0
_LEAST_LEVEL = 1_000


def measure_pitch_hz(samples: np.ndarray, rate_hz: int) -> float:
    """The median pitch of all loud windows, by autocorrelation."""
    found = []
    shortest, longest = round(rate_hz / _HIGHEST_HZ), round(rate_hz / _LOWEST_HZ)
    for start in range(0, len(samples) - _WINDOW, _WINDOW // 2):
        window = samples[start : start + _WINDOW].astype(float)
        if np.abs(window).mean() > _LEAST_LEVEL:
            correlation = np.correlate(window, window, "full")[_WINDOW - 1 :]
            found.append(rate_hz / (shortest + int(correlation[shortest:longest].argmax())))
    return float(np.median(found))
