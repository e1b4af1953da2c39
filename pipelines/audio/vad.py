"""Voice activity detection: a detector scores frames of 32 ms, a hysteresis threshold turns the scores into spans.

Streams with constant memory. Knows nothing of windows, channels or transcripts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import ModelUnavailable

RATE_HZ = 16_000
#: Samples in a frame.
FRAME = 512
_CONTEXT = 64
#: Frames in one call of the model (4 s): twice as fast as one at a time, and small enough to stay in the cache.
_BATCH = 128


class Detector(Protocol):
    """Scores frames of one recording, in order."""

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scores 0–1 of the frames that these samples (mono, 16 kHz, ±1) complete."""

    def finish(self) -> NDArray[np.float32]:
        """Scores of the remaining samples, the last frame padded with silence."""


class _FrameBatches:
    """Divides a stream of samples into batches of whole frames, whatever the size of its blocks."""

    def __init__(self, batch: int) -> None:
        self._batch = batch * FRAME
        self._waiting: list[NDArray[np.float32]] = []
        self._waiting_samples = 0

    def push(self, samples: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
        self._waiting.append(samples)
        self._waiting_samples += samples.size
        if self._waiting_samples < self._batch:
            return
        joined = np.concatenate(self._waiting)
        whole = joined.size - joined.size % self._batch
        self._waiting, self._waiting_samples = [joined[whole:]], joined.size - whole
        yield from joined[:whole].reshape(-1, self._batch // FRAME, FRAME)

    def finish(self) -> NDArray[np.float32]:
        joined = np.concatenate(self._waiting) if self._waiting else np.zeros(0, np.float32)
        self._waiting, self._waiting_samples = [], 0
        return np.pad(joined, (0, -joined.size % FRAME)).reshape(-1, FRAME)


class SileroDetector:
    """Silero VAD v6, the ONNX file in the faster-whisper package, on one thread.

    Raises `ModelUnavailable` without that package. One per channel: it has state.
    """

    def __init__(self) -> None:
        self._frames = _FrameBatches(_BATCH)
        self._context = np.zeros(_CONTEXT, np.float32)
        self._h = np.zeros((1, 1, 128), np.float32)
        self._c = np.zeros((1, 1, 128), np.float32)

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.enable_cpu_mem_arena = False  # the arena would keep the peak memory of a call
        options.log_severity_level = 3
        if _SILERO is None:
            raise ModelUnavailable("The speech detector is missing: pip install 'faster-whisper>=1.2.1'.")
        return onnxruntime.InferenceSession(_SILERO, options, providers=["CPUExecutionProvider"])

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Detector`."""
        scores = [self._score(batch) for batch in self._frames.push(samples)]
        return np.concatenate(scores) if scores else np.zeros(0, np.float32)

    def finish(self) -> NDArray[np.float32]:
        """See `Detector`."""
        rest = self._frames.finish()
        return self._score(rest) if len(rest) else np.zeros(0, np.float32)

    def _score(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """The input of each frame begins with the last 64 samples of the frame before."""
        before = np.vstack([self._context[None], frames[:-1, -_CONTEXT:]])
        self._context = frames[-1, -_CONTEXT:].copy()
        given = {"input": np.hstack([before, frames]), "h": self._h, "c": self._c}
        scores, self._h, self._c = self._session.run(None, given)
        return scores.reshape(-1)


class EnergyDetector:
    """Detects any sound above -50 dBFS: for families whose audio is not speech."""

    _FLOOR = 10 ** (-50 / 20)

    def __init__(self) -> None:
        self._frames = _FrameBatches(16)

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Detector`."""
        scores = [self._score(frame) for frame in self._frames.push(samples)]
        return np.concatenate(scores) if scores else np.zeros(0, np.float32)

    def finish(self) -> NDArray[np.float32]:
        """See `Detector`."""
        return self._score(self._frames.finish())

    def _score(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """The share of loud sections of 2 ms in a frame, so that the score falls within a pause."""
        loud = np.sqrt(np.square(frames.reshape(len(frames), FRAME // 32, 32)).mean(axis=2)) > self._FLOOR
        return loud.mean(axis=1).astype(np.float32)


DETECTORS: dict[str, type[Detector]] = {"silero": SileroDetector, "energy": EnergyDetector}


@dataclass(frozen=True, slots=True)
class HysteresisSettings:
    """Thresholds of the score, 0–1, and minimum lengths in frames of 32 ms."""

    #: Speech begins at this score.
    onset: float = 0.5
    #: It ends when the score stays below this …
    offset: float = 0.35
    #: … for this long (about 0.3 s).
    min_silence_frames: int = 9
    #: Shorter speech is discarded as a click (about 0.1 s).
    min_speech_frames: int = 3


class HysteresisThreshold:
    """Turns scores into spans of speech: [first frame, end frame), in order, disjoint."""

    def __init__(self, settings: HysteresisSettings | None = None) -> None:
        self._settings = settings or HysteresisSettings()
        self._start: int | None = None
        self._last_speech = 0
        self._frame = 0

    @property
    def speech_start(self) -> int | None:
        """The first frame of speech that has not ended yet; None in silence."""
        return self._start

    def push(self, score: float) -> tuple[int, int] | None:
        """Take the score of the next frame; return the span that ends with it, if one does."""
        frame, self._frame = self._frame, self._frame + 1
        settings = self._settings
        if self._start is None:
            if score >= settings.onset:
                self._start, self._last_speech = frame, frame
            return None
        if score >= settings.offset:
            self._last_speech = frame
            return None
        return self._close() if frame - self._last_speech >= settings.min_silence_frames else None

    def restart(self, frame: int) -> None:
        """Move the start of the current speech to `frame`: the part before it was taken."""
        assert self._start is not None and frame >= self._start
        self._start = frame

    def finish(self) -> tuple[int, int] | None:
        """The span that ends with the recording, if there is one."""
        return self._close() if self._start is not None else None

    def _close(self) -> tuple[int, int] | None:
        assert self._start is not None
        start, end, self._start = self._start, self._last_speech + 1, None
        return (start, end) if end - start >= self._settings.min_speech_frames else None


def _silero_bytes() -> bytes | None:
    """The model file, found without importing faster-whisper, which would load its whole runtime.

    Not from the package silero-vad: the probabilities of its v6 models (6.2.3) differ by up to 0.71 from those of this
    file in `tests/fixtures/jfk.flac`, so the thresholds of `HysteresisSettings` would not hold.
    """
    spec = find_spec("faster_whisper")
    for location in (spec.submodule_search_locations or []) if spec is not None else []:
        path = Path(location) / "assets" / "silero_vad_v6.onnx"
        if path.is_file():
            return path.read_bytes()
    return None


#: Read at import (1.2 MB): a sandboxed process may not be allowed to read other files later.
_SILERO = _silero_bytes()
