"""API keys by secret, so that a request costs no query. A revoked key is accepted for `trust_s` seconds at most."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable

from jobs.api_key import ApiKey
from jobs.store.key_store import KeyStore

_KEY_SHAPE = re.compile(r"vm_[A-Za-z0-9_-]{8,200}")
_MAX_KEYS = 10_000


class KeyCache:
    """Keys by the SHA-256 of their secret. Safe to share between threads."""

    def __init__(self, keys: KeyStore, *, trust_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._keys = keys
        self._trust_s = trust_s
        self._clock = clock
        #: Digest → (until when the key is trusted, key).
        self._cached: dict[bytes, tuple[float, ApiKey]] = {}
        self._lock = threading.Lock()

    def find(self, secret: str) -> ApiKey | None:
        """The live key of this secret, or None. Raises StoreUnavailable."""
        if not _KEY_SHAPE.fullmatch(secret):
            return None
        digest = hashlib.sha256(secret.encode()).digest()
        now = self._clock()
        cached = self._cached.get(digest)
        if cached is not None and now < cached[0]:
            return cached[1]
        key = self._keys.find(secret)
        with self._lock:
            if len(self._cached) >= _MAX_KEYS:
                self._cached.clear()
            if key is None:
                self._cached.pop(digest, None)
            else:
                self._cached[digest] = (now + self._trust_s, key)
        return key

    def evict(self, key_id: str) -> None:
        """Remove a key at once; other processes trust it until their copy is too old."""
        with self._lock:
            self._cached = {digest: entry for digest, entry in self._cached.items() if entry[1].id != key_id}
