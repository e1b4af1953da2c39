"""Who asks, and whether they may: API keys with scopes. Knows nothing of what a route does.

A route declares one of these guards; a guard returns the tenant's key or raises. Keys that were seen are trusted for
`api_cache_keys_s` seconds, so that a submit costs no extra query and a revoked key dies at most so much later.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address

from flask import g, request

from jobs.job import ApiKey
from jobs.store import Store

from .errors import Forbidden, Unauthenticated

SCOPES = ("read", "submit", "stream", "admin")
_KEY_SHAPE = re.compile(r"vm_[A-Za-z0-9_-]{8,200}")
_CACHED_KEYS = 10_000


class Keyring:
    """Keys by secret, remembered for a short while under the secret's hash."""

    def __init__(self, store: Store, *, trust_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._trust_s = trust_s
        self._clock = clock
        self._seen: dict[bytes, tuple[float, ApiKey]] = {}
        self._lock = threading.Lock()

    def key_for(self, secret: str) -> ApiKey | None:
        """The live key of this secret, or None. Raises StoreUnavailable."""
        if not _KEY_SHAPE.fullmatch(secret):
            return None
        digest = hashlib.sha256(secret.encode()).digest()
        now = self._clock()
        found = self._seen.get(digest)
        if found is not None and now < found[0]:
            return found[1]
        key = self._store.key_for(secret)
        with self._lock:
            if len(self._seen) >= _CACHED_KEYS:
                self._seen.clear()
            if key is None:
                self._seen.pop(digest, None)
            else:
                self._seen[digest] = (now + self._trust_s, key)
        return key

    def forget(self, key_id: str) -> None:
        """Stop trusting a key at once in this process."""
        with self._lock:
            self._seen = {digest: entry for digest, entry in self._seen.items() if entry[1].id != key_id}


@dataclass(frozen=True, slots=True)
class Guard:
    """What a route asks of its caller. `scope` None = open to all; `optional` = the view decides without a key."""

    scope: str | None
    optional: bool = False


def needs(scope: str) -> Guard:
    """A key with this scope; `admin` includes all others."""
    return Guard(scope)


def known_or_anyone(scope: str) -> Guard:
    """A key with this scope where one is sent; without a key the view itself decides."""
    return Guard(scope, optional=True)


OPEN = Guard(None)


def admit(guard: Guard, keyring: Keyring) -> None:
    """Sets `g.key`, or None where the guard lets strangers in. Raises Unauthenticated, Forbidden."""
    g.key = None
    if guard.scope is None:
        return
    if guard.optional and "Authorization" not in request.headers:
        return
    key = _caller(keyring)
    g.key = key
    if not may(key, guard.scope):
        raise Forbidden(f"This key lacks the scope `{guard.scope}`.", code="scope_missing")


def may(key: ApiKey, scope: str) -> bool:
    """Whether the key has this scope."""
    return scope in key.scopes or "admin" in key.scopes


def caller() -> ApiKey:
    """The key of this request. Raises Unauthenticated on routes that let strangers in."""
    key = g.get("key")
    if key is None:
        raise _unauthenticated("Send a key as `Authorization: Bearer <key>`.")
    return key


def tenant() -> str:
    """The tenant of this request; it comes from the key and from nowhere else."""
    return caller().tenant_id


def is_loopback() -> bool:
    """Asked from this machine, and not through a proxy on it."""
    if any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-Ip")):
        return False
    try:
        return ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def _caller(keyring: Keyring) -> ApiKey:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if not secret:
        raise _unauthenticated("Send a key as `Authorization: Bearer <key>`.")
    if scheme.lower() != "bearer":
        raise _unauthenticated("This server takes `Authorization: Bearer <key>` only.")
    key = keyring.key_for(secret.strip())
    if key is None:
        raise _unauthenticated("This key is unknown, expired or revoked.")
    return key


def _unauthenticated(detail: str) -> Unauthenticated:
    return Unauthenticated(detail, headers={"WWW-Authenticate": 'Bearer realm="voicemill"'})
