"""Where somebody speaks: a detector gives each 32 ms frame a score, a gate turns scores into spans.

Streams with constant memory. Knows nothing of windows, channels or transcripts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

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
        """Scores of what is left, the last frame filled up with silence."""


class _Frames:
    """Cuts a stream of samples into batches of whole frames, the same ones however the stream arrives."""

    def __init__(self, batch: int) -> None:
        self._batch = batch * FRAME
        self._waiting: list[NDArray[np.float32]] = []
        self._held = 0

    def push(self, samples: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
        self._waiting.append(samples)
        self._held += samples.size
        if self._held < self._batch:
            return
        joined = np.concatenate(self._waiting)
        whole = joined.size - joined.size % self._batch
        self._waiting, self._held = [joined[whole:]], joined.size - whole
        yield from joined[:whole].reshape(-1, self._batch // FRAME, FRAME)

    def finish(self) -> NDArray[np.float32]:
        joined = np.concatenate(self._waiting) if self._waiting else np.zeros(0, np.float32)
        self._waiting, self._held = [], 0
        return np.pad(joined, (0, -joined.size % FRAME)).reshape(-1, FRAME)


class SileroDetector:
    """Silero VAD v6, the ONNX file that the faster-whisper package carries, on one thread.

    Raises `ModelUnavailable` without that package. One per channel: it keeps state.
    """

    def __init__(self) -> None:
        self._frames = _Frames(_BATCH)
        self._context = np.zeros(_CONTEXT, np.float32)
        self._h = np.zeros((1, 1, 128), np.float32)
        self._c = np.zeros((1, 1, 128), np.float32)

    @cached_property
    def _session(self):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.enable_cpu_mem_arena = False  # the arena keeps what one call needed at most
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
        """Each frame goes in behind the last 64 samples of the one before."""
        before = np.vstack([self._context[None], frames[:-1, -_CONTEXT:]])
        self._context = frames[-1, -_CONTEXT:].copy()
        given = {"input": np.hstack([before, frames]), "h": self._h, "c": self._c}
        scores, self._h, self._c = self._session.run(None, given)
        return scores.reshape(-1)


class EnergyDetector:
    """Calls everything above -50 dBFS speech: for families whose sound no speech detector knows."""

    _FLOOR = 10 ** (-50 / 20)

    def __init__(self) -> None:
        self._frames = _Frames(16)

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Detector`."""
        scores = [self._score(frame) for frame in self._frames.push(samples)]
        return np.concatenate(scores) if scores else np.zeros(0, np.float32)

    def finish(self) -> NDArray[np.float32]:
        """See `Detector`."""
        return self._score(self._frames.finish())

    def _score(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """The share of a frame's 2 ms pieces that are loud, so that half a pause shows as well."""
        loud = np.sqrt(np.square(frames.reshape(len(frames), FRAME // 32, 32)).mean(axis=2)) > self._FLOOR
        return loud.mean(axis=1).astype(np.float32)


DETECTORS: dict[str, type[Detector]] = {"silero": SileroDetector, "energy": EnergyDetector}


@dataclass(frozen=True, slots=True)
class GateSettings:
    """When speech begins and ends. Lengths in frames of 32 ms."""

    threshold: float = 0.5
    #: Speech goes on until the score stays under this …
    release: float = 0.35
    #: … for so long (about 0.3 s).
    min_silence: int = 9
    #: Shorter speech is a click (about 0.1 s).
    min_speech: int = 3


class SpeechGate:
    """Frames in, spans out: half-open [first frame, end frame), in order, disjoint."""

    def __init__(self, settings: GateSettings | None = None) -> None:
        self._settings = settings or GateSettings()
        self._start: int | None = None
        self._last_loud = 0
        self._frame = 0

    @property
    def open_since(self) -> int | None:
        """First frame of speech that has not ended yet."""
        return self._start

    def push(self, score: float) -> tuple[int, int] | None:
        """Take the next frame; return the span that it ends, if it does."""
        frame, self._frame = self._frame, self._frame + 1
        settings = self._settings
        if self._start is None:
            if score >= settings.threshold:
                self._start, self._last_loud = frame, frame
            return None
        if score >= settings.release:
            self._last_loud = frame
            return None
        return self._close() if frame - self._last_loud >= settings.min_silence else None

    def restart(self, frame: int) -> None:
        """Let the speech that goes on now begin at `frame`: what was before has been taken away."""
        assert self._start is not None and frame >= self._start
        self._start = frame

    def finish(self) -> tuple[int, int] | None:
        """The span that the recording's end cuts off, if any."""
        return self._close() if self._start is not None else None

    def _close(self) -> tuple[int, int] | None:
        assert self._start is not None
        start, end, self._start = self._start, self._last_loud + 1, None
        return (start, end) if end - start >= self._settings.min_speech else None


def _silero_bytes() -> bytes | None:
    """The model, found without importing faster-whisper: that would load its whole runtime."""
    spec = find_spec("faster_whisper")
    for location in (spec.submodule_search_locations or []) if spec is not None else []:
        path = Path(location) / "assets" / "silero_vad_v6.onnx"
        if path.is_file():
            return path.read_bytes()
    return None


#: Read with the code (1.2 MB): a process that opens user bytes may be allowed to read nothing else by then.
_SILERO = _silero_bytes()
