"""Tenants and API keys. A key's secret is random and long, so its SHA-256 is all that is kept of it."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence

import sqlalchemy as sa

from jobs.api_key import ApiKey
from jobs.errors import NotFound

from .clock import db_now_ms
from .database import Database
from .rows import to_key
from .tables import api_keys, tenants

_MINUTE_MS = 60_000


class SqlKeyStore:
    """See `KeyStore`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def create(
        self, tenant_id: str, name: str, scopes: Sequence[str], *, expires_in_s: float | None = None
    ) -> tuple[ApiKey, str]:
        """See KeyStore.create."""
        key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        expires_at = None if expires_in_s is None else db_now_ms() + round(expires_in_s * 1000)

        def transaction(connection: sa.Connection) -> ApiKey:
            self._add_tenant(connection, tenant_id)
            row = connection.execute(
                sa.insert(api_keys)
                .values(
                    id=key_id,
                    tenant_id=tenant_id,
                    name=name,
                    scopes=list(scopes),
                    secret_sha256=_digest(secret),
                    created_at=db_now_ms(),
                    expires_at=expires_at,
                )
                .returning(api_keys)
            ).one()
            return to_key(row)

        return self._db.write(transaction), f"vm_{key_id}_{secret}"

    def find(self, secret: str) -> ApiKey | None:
        """See KeyStore.find."""
        prefix, _, rest = secret.partition("_")
        key_id, _, inner = rest.partition("_")
        if prefix != "vm" or not inner or not key_id.isalnum() or not key_id.isascii():
            return None
        now = db_now_ms()
        query = sa.select(api_keys, now.label("now_ms")).where(api_keys.c.id == key_id)
        row = self._db.read(lambda connection: connection.execute(query).one_or_none())
        if row is None or not hmac.compare_digest(row.secret_sha256, _digest(inner)):
            return None
        if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= row.now_ms):
            return None
        if row.last_used_at is None or row.last_used_at < row.now_ms - _MINUTE_MS:
            used = sa.update(api_keys).where(api_keys.c.id == key_id).values(last_used_at=now)
            self._db.write(lambda connection: connection.execute(used))
        return to_key(row)

    def list(self, tenant_id: str) -> Sequence[ApiKey]:
        """See KeyStore.list."""
        query = sa.select(api_keys).where(api_keys.c.tenant_id == tenant_id).order_by(api_keys.c.created_at)
        return [to_key(row) for row in self._db.read(lambda connection: connection.execute(query).all())]

    def revoke(self, tenant_id: str, key_id: str) -> None:
        """See KeyStore.revoke."""
        revoke = (
            sa.update(api_keys)
            .where(api_keys.c.id == key_id, api_keys.c.tenant_id == tenant_id)
            .values(revoked_at=sa.func.coalesce(api_keys.c.revoked_at, db_now_ms()))
            .returning(api_keys.c.id)
        )
        if self._db.write(lambda connection: connection.execute(revoke).one_or_none()) is None:
            raise NotFound("There is no such key.")

    def ensure_tenant(self, tenant_id: str) -> None:
        """See KeyStore.ensure_tenant."""
        self._db.write(lambda connection: self._add_tenant(connection, tenant_id))

    def _add_tenant(self, connection: sa.Connection, tenant_id: str) -> None:
        insert = self._db.insert(tenants).values(id=tenant_id, created_at=db_now_ms())
        connection.execute(insert.on_conflict_do_nothing())


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
