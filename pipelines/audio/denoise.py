"""Noise reduction by RNNoise, a small recurrent network that the `pyrnnoise` wheel contains as a C library.

Streams with constant memory. Off by default: it harms clean speech more than it helps
(docs/measurements/transcription.md). Knows one channel of samples; nothing of speech detection, files or requests. The
network: J.-M. Valin, "A Hybrid DSP/Deep Learning Approach to Real-Time Full-Band Speech Enhancement" (2018). The
functions of its rnnoise.h are called directly, since the Python package around them imports players and plotters.
"""

from __future__ import annotations

import ctypes
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from pipelines.errors import UnsupportedOption

from .vad import RATE_HZ

#: The network takes frames of 10 ms at this rate and has a delay of two frames.
_NATIVE_HZ = 48_000
_FRAME = 480
_DELAY = 2 * _FRAME
_SCALE = np.float32(32_768)
_FloatPointer = ctypes.POINTER(ctypes.c_float)


class Denoiser:
    """Denoises mono float32 (±1, 16 kHz); each sample keeps its position.

    Raises `UnsupportedOption` where pyrnnoise is not installed. One per channel: it has state.
    """

    def __init__(self) -> None:
        if _RNNOISE is None:
            raise UnsupportedOption(
                "This server has no noise reduction; leave noise_reduction out.", field="noise_reduction"
            )
        self._library = _RNNOISE
        self._state = ctypes.c_void_p(_RNNOISE.rnnoise_create(None))
        self._up = soxr.ResampleStream(RATE_HZ, _NATIVE_HZ, 1, "float32", "HQ")
        self._down = soxr.ResampleStream(_NATIVE_HZ, RATE_HZ, 1, "float32", "HQ")
        self._waiting = np.zeros(0, np.float32)
        #: Samples at the native rate that are still to be dropped: the delay of the network.
        self._delay_left = _DELAY
        self._count_in = self._count_out = 0

    def __del__(self) -> None:
        if getattr(self, "_state", None):
            self._library.rnnoise_destroy(self._state)

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take the next samples; return those that are finished."""
        self._count_in += samples.size
        return self._trim(self._down.resample_chunk(self._clean(self._up.resample_chunk(samples))))

    def finish(self) -> NDArray[np.float32]:
        """The last samples."""
        rest = self._up.resample_chunk(np.zeros(0, np.float32), last=True)
        # Silence flushes the delay of the network and fills the last frame.
        silence = np.zeros(_DELAY + _FRAME, np.float32)
        cleaned = self._clean(np.concatenate([rest, silence]))
        return self._trim(self._down.resample_chunk(cleaned, last=True))

    def _trim(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Without what the last frame and the resampler added beyond the input."""
        kept = samples[: self._count_in - self._count_out]
        self._count_out += kept.size
        return kept

    def _clean(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """The denoised frames that these samples complete, without the delay of the network."""
        joined = np.concatenate([self._waiting, samples])
        whole = joined.size - joined.size % _FRAME
        frames = joined[:whole] * _SCALE
        self._waiting = joined[whole:].copy()  # a view would keep all of it in memory
        for start in range(0, whole, _FRAME):
            frame = frames[start : start + _FRAME].ctypes.data_as(_FloatPointer)
            self._library.rnnoise_process_frame(self._state, frame, frame)
        dropped = min(self._delay_left, whole)
        self._delay_left -= dropped
        return frames[dropped:] / _SCALE


def _load() -> ctypes.CDLL | None:
    """The library, found without importing its package."""
    spec = find_spec("pyrnnoise")
    for location in (spec.submodule_search_locations or []) if spec is not None else []:
        path = Path(location) / "librnnoise.so"
        if path.is_file():
            library = ctypes.CDLL(str(path))
            library.rnnoise_create.argtypes = [ctypes.c_void_p]
            library.rnnoise_create.restype = ctypes.c_void_p
            library.rnnoise_destroy.argtypes = [ctypes.c_void_p]
            library.rnnoise_destroy.restype = None
            library.rnnoise_process_frame.argtypes = [ctypes.c_void_p, _FloatPointer, _FloatPointer]
            library.rnnoise_process_frame.restype = ctypes.c_float
            return library
    return None


#: Loaded at import: a sandboxed process may not be allowed to read other files later.
_RNNOISE = _load()
