"""Places for requests that hold a thread of this process for long: so many in all, for one tenant and for one key.

Whoever finds none left is answered at once, so that the threads of a process are never all taken by slow clients.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import Literal

#: Whose places are all taken.
Holder = Literal["server", "tenant", "key"]


class NoPlace(Exception):
    """All places are taken; `holder` says whose."""

    def __init__(self, holder: Holder) -> None:
        super().__init__(holder)
        self.holder: Holder = holder


class Places:
    """Counts the places that are taken. Safe to share between threads."""

    def __init__(self, *, total: int, tenant: int, key: int) -> None:
        self._total, self._tenant, self._key = total, tenant, key
        self._taken = 0
        self._of_tenants: Counter[str] = Counter()
        self._of_keys: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def taken(self) -> int:
        """How many places of this process are taken now."""
        return self._taken

    def take(self, tenant_id: str, key_id: str | None) -> Place:
        """A place, to be left. `key_id`: None for a request without a key. Raises NoPlace."""
        with self._lock:
            if self._taken >= self._total:
                raise NoPlace("server")
            if self._of_tenants[tenant_id] >= self._tenant:
                raise NoPlace("tenant")
            if key_id is not None and self._of_keys[key_id] >= self._key:
                raise NoPlace("key")
            self._taken += 1
            self._of_tenants[tenant_id] += 1
            if key_id is not None:
                self._of_keys[key_id] += 1
        return Place(self, tenant_id, key_id)

    def free(self, tenant_id: str, key_id: str | None) -> None:
        """Give one place back; `Place.leave` calls this once."""
        with self._lock:
            self._taken -= 1
            _decrease(self._of_tenants, tenant_id)
            if key_id is not None:
                _decrease(self._of_keys, key_id)


class Place:
    """One place of a tenant and a key."""

    def __init__(self, places: Places, tenant_id: str, key_id: str | None) -> None:
        self._places = places
        self._tenant_id, self._key_id = tenant_id, key_id
        self._lock = threading.Lock()
        self._is_taken = True

    def leave(self) -> None:
        """Give the place back. May be called several times, from any thread."""
        with self._lock:
            was_taken, self._is_taken = self._is_taken, False
        if was_taken:
            self._places.free(self._tenant_id, self._key_id)


def _decrease(counter: Counter[str], name: str) -> None:
    counter[name] -= 1
    if not counter[name]:
        del counter[name]
