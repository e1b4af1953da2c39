"""API keys as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key's row, without its secret."""

    id: str
    tenant_id: str
    name: str
    scopes: Sequence[str]
    created_at: int
    expires_at: int | None = None
    last_used_at: int | None = None
    revoked_at: int | None = None
