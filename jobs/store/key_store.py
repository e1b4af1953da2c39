"""Tenants and their API keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from jobs.api_key import ApiKey


class KeyStore(Protocol):
    """See jobs/store/store.py for what holds for every method."""

    def create(
        self, tenant_id: str, name: str, scopes: Sequence[str], *, expires_in_s: float | None = None
    ) -> tuple[ApiKey, str]:
        """The row and the secret `vm_<id>_<secret>`, which is shown this once."""

    def find(self, secret: str) -> ApiKey | None:
        """The live key of this secret, compared in constant time; refreshes `last_used_at` at most once a minute."""

    def list(self, tenant_id: str) -> Sequence[ApiKey]: ...

    def revoke(self, tenant_id: str, key_id: str) -> None: ...

    def ensure_tenant(self, tenant_id: str) -> None: ...
