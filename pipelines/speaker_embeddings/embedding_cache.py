"""A cache of speaker embeddings by the content of the recording: chunks and jobs of one voice compute it once."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable

from pipelines.family import Recording, SpeakerEmbedding

#: An embedding takes about two kilobytes, its key almost nothing.
_MAX_SIZE = 1000


class EmbeddingCache:
    """The most recently used embeddings. Threads may share one."""

    def __init__(self, compute: Callable[[Recording], SpeakerEmbedding], *, max_size: int = _MAX_SIZE) -> None:
        """`compute` makes an embedding; its errors are raised to every caller and are not cached."""
        self._compute = compute
        self._max_size = max_size
        self._lock = threading.Lock()
        self._embeddings: OrderedDict[bytes, SpeakerEmbedding] = OrderedDict()

    def get(self, recording: Recording) -> SpeakerEmbedding:
        """The embedding of a recording, computed at most once while it is cached."""
        key = hashlib.sha256(recording.samples.tobytes() + recording.sample_rate_hz.to_bytes(4, "little")).digest()
        with self._lock:
            if key not in self._embeddings:
                self._embeddings[key] = self._compute(recording)
            self._embeddings.move_to_end(key)
            while len(self._embeddings) > self._max_size:
                self._embeddings.popitem(last=False)
            return self._embeddings[key]
