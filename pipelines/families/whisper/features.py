"""Whisper's features: samples to log-mel spectrograms. NumPy only; knows no weights.

After Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision" (2022), section 2.2: 25 ms windows
every 10 ms, 80 or 128 bins of Slaney's mel scale, the logarithm clipped 8 decades below the loudest bin.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pipelines.audio.mel_filters import build_mel_filters

RATE_HZ = 16_000
WINDOW_S = 30
FRAMES = 3_000
_FFT, _HOP = 400, 160
_SAMPLES = WINDOW_S * RATE_HZ
#: log10 of the smallest power.
_FLOOR = -10.0


def compute_log_mel(samples: NDArray[np.int16], bins: int) -> NDArray[np.float32]:
    """[bins, 3000] of int16 samples at 16 kHz; shorter inputs are padded with silence, longer ones cut at 30 s."""
    wave = np.zeros(_SAMPLES, np.float32)
    known = min(len(samples), _SAMPLES)
    wave[:known] = samples[:known].astype(np.float32) / 32_768
    # Frames are centred, so that the ends are reflected; frames of padding only are not computed.
    computed = min(FRAMES, (known + _FFT // 2 - 1) // _HOP + 1)
    padded = np.pad(wave, _FFT // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::_HOP][:computed]
    power = np.abs(np.fft.rfft(frames * _build_hann_window(), axis=1)) ** 2
    logarithm = np.full((bins, FRAMES), _FLOOR, np.float32)
    logarithm[:, :computed] = np.log10(np.maximum(_build_filters(bins) @ power.T, 10.0**_FLOOR))
    return (np.maximum(logarithm, logarithm.max() - 8.0) + 4.0) / 4.0


@lru_cache
def _build_filters(bins: int) -> NDArray[np.float32]:
    """[bins, 201]"""
    filters = build_mel_filters(RATE_HZ, fft=_FFT, bins=bins, fmin_hz=0.0, fmax_hz=RATE_HZ / 2, scale="slaney")
    return filters.astype(np.float32)


@lru_cache
def _build_hann_window() -> NDArray[np.float32]:
    """Periodic, not symmetric."""
    return np.hanning(_FFT + 1)[:-1].astype(np.float32)
