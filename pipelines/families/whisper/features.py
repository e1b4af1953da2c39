"""Samples → log-mel spectrogram, as Whisper was trained on it. NumPy alone; knows no weights.

After Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision" (2022), section 2.2: 25 ms windows
every 10 ms, 80 or 128 bins of Slaney's mel scale, the logarithm cut off 8 decades under the loudest bin.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16_000
WINDOW_S = 30
FRAMES = 3_000
_FFT, _HOP = 400, 160
_SAMPLES = WINDOW_S * RATE_HZ
#: log10 of the smallest power that counts.
_FLOOR = -10.0
#: Slaney's scale is linear below 1 kHz, 200/3 Hz a mel, and logarithmic above: 27 mels for a factor of 6.4.
_LINEAR_HZ, _KNEE_HZ, _STEP = 200.0 / 3, 1_000.0, np.log(6.4) / 27


def log_mel(samples: NDArray[np.int16], bins: int) -> NDArray[np.float32]:
    """[bins, 3000] of int16 samples at 16 kHz; shorter sounds are followed by silence, longer ones are cut at 30 s."""
    sound = np.zeros(_SAMPLES, np.float32)
    known = min(len(samples), _SAMPLES)
    sound[:known] = samples[:known].astype(np.float32) / 32_768
    # Frames are centred, so that the ends are mirrored; those that see nothing but silence are not computed.
    heard = min(FRAMES, (known + _FFT // 2 - 1) // _HOP + 1)
    mirrored = np.pad(sound, _FFT // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(mirrored, _FFT)[::_HOP][:heard]
    power = np.abs(np.fft.rfft(frames * _hann(), axis=1)) ** 2
    loudness = np.full((bins, FRAMES), _FLOOR, np.float32)
    loudness[:, :heard] = np.log10(np.maximum(mel_filters(bins) @ power.T, 10.0**_FLOOR))
    return (np.maximum(loudness, loudness.max() - 8.0) + 4.0) / 4.0


@lru_cache
def mel_filters(bins: int) -> NDArray[np.float32]:
    """[bins, 201]: triangles of equal area over the powers of the spectrum, evenly spaced in mel up to 8 kHz."""
    corners = _hz(np.linspace(0.0, float(_mel(RATE_HZ / 2)), bins + 2))
    spectrum = np.linspace(0.0, RATE_HZ / 2, _FFT // 2 + 1)
    widths = np.diff(corners)[:, None]
    slopes = corners[:, None] - spectrum
    rising, falling = -slopes[:-2] / widths[:-1], slopes[2:] / widths[1:]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return (triangles * (2.0 / (corners[2:] - corners[:-2]))[:, None]).astype(np.float32)


def _mel(hz: float) -> float:
    return hz / _LINEAR_HZ if hz < _KNEE_HZ else _KNEE_HZ / _LINEAR_HZ + float(np.log(hz / _KNEE_HZ)) / _STEP


def _hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    knee = _KNEE_HZ / _LINEAR_HZ
    return np.where(mels < knee, mels * _LINEAR_HZ, _KNEE_HZ * np.exp(_STEP * (mels - knee)))


@lru_cache
def _hann() -> NDArray[np.float32]:
    """Periodic, not symmetric."""
    return np.hanning(_FFT + 1)[:-1].astype(np.float32)
