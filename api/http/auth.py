"""Authentication and scopes. Knows nothing of what a route does.

A route declares a `Guard`; `authorize` applies it before the view is called.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from flask import g, request

from jobs.api_key import ApiKey, Scope

from .errors import Forbidden, Unauthenticated
from .key_cache import KeyCache


@dataclass(frozen=True, slots=True)
class Guard:
    """The scope that a route requires; None: no key is looked at. `optional`: requests without a key pass too."""

    scope: Scope | None
    optional: bool = False


#: Either carries the key. The second is for clients whose `Authorization` belongs to a proxy in between.
KEY_HEADERS = ("Authorization", "X-API-Key")

#: For what must answer while nothing else does.
ANYBODY = Guard(None, optional=True)


def require_scope(scope: Scope) -> Guard:
    """A key with this scope; `admin` includes all others."""
    return Guard(scope)


def optional_scope(scope: Scope) -> Guard:
    """A key, where one is sent, has this scope. Without a key the view decides."""
    return Guard(scope, optional=True)


def authorize(guard: Guard, keys: KeyCache) -> None:
    """Set `g.key`; None for a request without a key where it is optional. Raises Unauthenticated, Forbidden."""
    g.key = None
    if guard.scope is None:
        return
    if guard.optional and not any(name in request.headers for name in KEY_HEADERS):
        return
    key = _authenticate(keys)
    g.key = key
    if not has_scope(key, guard.scope):
        raise Forbidden(f"This key lacks the scope `{guard.scope}`.", code="scope_missing")


def has_scope(key: ApiKey, scope: Scope) -> bool:
    """Whether the key has this scope."""
    return scope in key.scopes or "admin" in key.scopes


def current_key() -> ApiKey:
    """The key of this request. Raises Unauthenticated where it is optional and was not sent."""
    key = sent_key()
    if key is None:
        raise Unauthenticated
    return key


def sent_key() -> ApiKey | None:
    """The key of this request; None where it is optional and was not sent, or was not checked yet."""
    key: ApiKey | None = g.get("key")
    return key


def current_tenant() -> str:
    """The tenant of this request's key; no other part of a request names a tenant."""
    return current_key().tenant_id


def is_loopback() -> bool:
    """Whether the request comes from this machine, and not through a proxy on it."""
    if any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-Ip")):
        return False
    try:
        return ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def _authenticate(keys: KeyCache) -> ApiKey:
    key = keys.find(_sent_secret())
    if key is None:
        raise Unauthenticated("This key is unknown, expired or revoked.")
    return key


def _sent_secret() -> str:
    """The secret of either header. Raises Unauthenticated without one, and for two that differ."""
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    bearer, plain = bearer.strip(), request.headers.get("X-API-Key", "").strip()
    if scheme.lower() != "bearer":
        if not plain and bearer:
            raise Unauthenticated("This server takes `Authorization: Bearer <key>` or `X-API-Key: <key>` only.")
        bearer = ""
    if not (bearer or plain):
        raise Unauthenticated
    if bearer and plain and bearer != plain:
        raise Unauthenticated("`Authorization` and `X-API-Key` carry two different keys; send one of them.")
    return plain or bearer
