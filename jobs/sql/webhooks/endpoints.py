"""Webhook endpoints and their signing secrets, which are encrypted by a cipher that is passed in."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from typing import Any, Protocol

import sqlalchemy as sa

from jobs.errors import Conflict, Misconfigured, NotFound
from jobs.ids import new_id
from jobs.sql.clock import db_now_ms
from jobs.sql.database import Database
from jobs.sql.rows import to_delivery_record, to_endpoint
from jobs.sql.tables import tenants, webhook_deliveries, webhook_endpoints
from jobs.webhooks.delivery import DeliveryRecord, Endpoint

from .outbox import build_payload, enqueue


class Cipher(Protocol):
    """Encrypts secrets that are stored in the database."""

    def encrypt(self, text: str) -> str: ...

    def decrypt(self, encrypted: str) -> str: ...


class NoCipher:
    """For programs that need no webhook secret: any use of one raises Misconfigured."""

    def encrypt(self, text: str) -> str:
        raise Misconfigured("This process was started without the secret key.", field="VOICEMILL_SECRET_KEY")

    decrypt = encrypt


class SqlWebhookEndpoints:
    """See `WebhookEndpoints`."""

    def __init__(self, db: Database, cipher: Cipher) -> None:
        self._db, self._cipher = db, cipher

    def create(self, tenant_id: str, url: str, events: Sequence[str]) -> tuple[Endpoint, str]:
        """See WebhookEndpoints.create."""
        secret = _new_secret()
        insert = (
            sa.insert(webhook_endpoints)
            .values(
                id=new_id("whe"),
                tenant_id=tenant_id,
                url=url,
                events=list(events),
                adhoc=False,
                secret=self._cipher.encrypt(secret),
                created_at=db_now_ms(),
                updated_at=db_now_ms(),
            )
            .returning(webhook_endpoints)
        )
        return to_endpoint(self._db.write(lambda connection: connection.execute(insert).one())), secret

    def list(self, tenant_id: str) -> Sequence[Endpoint]:
        """See WebhookEndpoints.list."""
        column = webhook_endpoints.c
        query = sa.select(webhook_endpoints).where(column.tenant_id == tenant_id, column.deleted_at.is_(None))
        rows = self._db.read(lambda connection: connection.execute(query.order_by(column.id)).all())
        return [to_endpoint(row) for row in rows]

    def get(self, tenant_id: str, endpoint_id: str) -> Endpoint:
        """See WebhookEndpoints.get."""
        query = sa.select(webhook_endpoints).where(*_is_endpoint(tenant_id, endpoint_id))
        return _require_endpoint(self._db.read(lambda connection: connection.execute(query).one_or_none()))

    def update(
        self,
        tenant_id: str,
        endpoint_id: str,
        *,
        url: str | None = None,
        events: Sequence[str] | None = None,
        enabled: bool | None = None,
    ) -> Endpoint:
        """See WebhookEndpoints.update."""
        values: dict[str, Any] = {"updated_at": db_now_ms()}
        if url is not None:
            values["url"] = url
        if events is not None:
            values["events"] = list(events)
        if enabled is not None:
            values["disabled_at"] = None if enabled else sa.func.coalesce(webhook_endpoints.c.disabled_at, db_now_ms())
        return self._change(tenant_id, endpoint_id, values)

    def delete(self, tenant_id: str, endpoint_id: str) -> None:
        """See WebhookEndpoints.delete."""
        deletion = {"deleted_at": db_now_ms(), "disabled_at": db_now_ms(), "updated_at": db_now_ms()}
        self._change(tenant_id, endpoint_id, deletion, abandon_reason="the endpoint was deleted")

    def rotate_secret(self, tenant_id: str, endpoint_id: str) -> str:
        """See WebhookEndpoints.rotate_secret."""
        if self.get(tenant_id, endpoint_id).adhoc:
            raise Conflict("This endpoint is signed with the tenant's default secret; rotate that one.")
        secret = _new_secret()
        self._change(tenant_id, endpoint_id, {"secret": self._cipher.encrypt(secret)})
        return secret

    def rotate_default_secret(self, tenant_id: str) -> str:
        """See WebhookEndpoints.rotate_default_secret."""
        secret = _new_secret()
        insert = self._db.insert(tenants).values(
            id=tenant_id, webhook_secret=self._cipher.encrypt(secret), created_at=db_now_ms()
        )
        upsert = insert.on_conflict_do_update(
            index_elements=["id"], set_={"webhook_secret": insert.excluded.webhook_secret}
        )
        self._db.write(lambda connection: connection.execute(upsert))
        return secret

    def send_test(self, tenant_id: str, endpoint_id: str) -> DeliveryRecord:
        """See WebhookEndpoints.send_test."""
        self.get(tenant_id, endpoint_id)
        subject = new_id("test")

        def transaction(connection: sa.Connection) -> DeliveryRecord:
            now_ms = connection.scalar(sa.select(db_now_ms())) or 0
            body = build_payload("webhook.test", now_ms, {"id": subject})
            enqueue(self._db, connection, body, tenant_id=tenant_id, subject_id=subject, endpoint_ids=[endpoint_id])
            query = sa.select(webhook_deliveries).where(webhook_deliveries.c.subject_id == subject)
            return to_delivery_record(connection.execute(query).one())

        return self._db.write(transaction)

    def _change(
        self, tenant_id: str, endpoint_id: str, values: dict[str, Any], *, abandon_reason: str | None = None
    ) -> Endpoint:
        change = sa.update(webhook_endpoints).where(*_is_endpoint(tenant_id, endpoint_id)).values(values)

        def transaction(connection: sa.Connection) -> Endpoint:
            endpoint = _require_endpoint(connection.execute(change.returning(webhook_endpoints)).one_or_none())
            if abandon_reason:
                self.abandon(connection, endpoint_id, abandon_reason)
            return endpoint

        return self._db.write(transaction)

    def abandon(self, connection: sa.Connection, endpoint_id: str, reason: str) -> None:
        """Give up the pending deliveries of an endpoint."""
        column = webhook_deliveries.c
        waiting = sa.update(webhook_deliveries).where(column.endpoint_id == endpoint_id, column.state == "pending")
        connection.execute(waiting.values(state="failed", last_error=reason, finished_at=db_now_ms()))

    def ensure_default_secret(self, connection: sa.Connection, tenant_id: str) -> str:
        """The tenant's encrypted default secret; created at its first use."""
        insert = self._db.insert(tenants).values(
            id=tenant_id, webhook_secret=self._cipher.encrypt(_new_secret()), created_at=db_now_ms()
        )
        kept = sa.func.coalesce(tenants.c.webhook_secret, insert.excluded.webhook_secret)
        upsert = insert.on_conflict_do_update(index_elements=["id"], set_={"webhook_secret": kept})
        return str(connection.execute(upsert.returning(tenants.c.webhook_secret)).scalar_one())


def _new_secret() -> str:
    """In the format of Standard Webhooks."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _is_endpoint(tenant_id: str, endpoint_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    column = webhook_endpoints.c
    return column.id == endpoint_id, column.tenant_id == tenant_id, column.deleted_at.is_(None)


def _require_endpoint(row: Any) -> Endpoint:
    if row is None:
        raise NotFound("There is no such webhook endpoint.")
    return to_endpoint(row)
