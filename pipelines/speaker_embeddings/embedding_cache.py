"""Vectors of recordings, kept by their content: the chunks of a job, and jobs of the same voice, hear it once."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable

from pipelines.family import Recording, SpeakerVector

#: A vector has two kilobytes, the key next to none: voices of a busy day.
_MOST = 1000


class HeardVoices:
    """The last vectors that were asked for. Threads may share one."""

    def __init__(self, hear: Callable[[Recording], SpeakerVector], *, most: int = _MOST) -> None:
        """`hear` makes a vector; what it raises is raised each time."""
        self._hear = hear
        self._most = most
        self._lock = threading.Lock()
        self._vectors: OrderedDict[bytes, SpeakerVector] = OrderedDict()

    def vector(self, recording: Recording) -> SpeakerVector:
        """The vector of a recording, made at most once while it is held."""
        key = hashlib.sha256(recording.samples.tobytes() + recording.sample_rate_hz.to_bytes(4, "little")).digest()
        with self._lock:
            if key not in self._vectors:
                self._vectors[key] = self._hear(recording)
            self._vectors.move_to_end(key)
            while len(self._vectors) > self._most:
                self._vectors.popitem(last=False)
            return self._vectors[key]
