"""Webhook endpoints and the secrets that sign for them. Secrets are sealed by a box that this module is given."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from typing import Any, Protocol

import sqlalchemy as sa

from jobs.errors import Conflict, Misconfigured, NotFound
from jobs.job import DeliveryRecord, Endpoint

from .clock import db_now_ms
from .database import Database
from .rows import new_id, to_delivery_record, to_endpoint
from .tables import tenants, webhook_deliveries, webhook_endpoints
from .webhook_outbox import enqueue, payload


class Box(Protocol):
    """Encrypts what lies in the database."""

    def seal(self, text: str) -> str: ...

    def open(self, sealed: str) -> str: ...


class NoBox:
    """For programs that never touch a webhook secret: reports, not plain text, where one is touched after all."""

    def seal(self, text: str) -> str:
        raise Misconfigured("This process was started without the secret key.", field="VOICEMILL_SECRET_KEY")

    open = seal


class Endpoints:
    """Endpoints and secrets."""

    _db: Database
    _box: Box

    def create_endpoint(self, tenant_id: str, url: str, events: Sequence[str]) -> tuple[Endpoint, str]:
        """See Store.create_endpoint."""
        secret = _new_secret()
        insert = (
            sa.insert(webhook_endpoints)
            .values(
                id=new_id("whe"),
                tenant_id=tenant_id,
                url=url,
                events=list(events),
                adhoc=False,
                secret=self._box.seal(secret),
                created_at=db_now_ms(),
                updated_at=db_now_ms(),
            )
            .returning(webhook_endpoints)
        )
        return to_endpoint(self._db.write(lambda connection: connection.execute(insert).one())), secret

    def endpoints(self, tenant_id: str) -> Sequence[Endpoint]:
        """See Store.endpoints."""
        column = webhook_endpoints.c
        query = sa.select(webhook_endpoints).where(column.tenant_id == tenant_id, column.deleted_at.is_(None))
        rows = self._db.read(lambda connection: connection.execute(query.order_by(column.id)).all())
        return [to_endpoint(row) for row in rows]

    def endpoint(self, tenant_id: str, endpoint_id: str) -> Endpoint:
        """See Store.endpoint."""
        query = sa.select(webhook_endpoints).where(*_is(tenant_id, endpoint_id))
        return _found(self._db.read(lambda connection: connection.execute(query).one_or_none()))

    def update_endpoint(
        self,
        tenant_id: str,
        endpoint_id: str,
        *,
        url: str | None = None,
        events: Sequence[str] | None = None,
        enabled: bool | None = None,
    ) -> Endpoint:
        """See Store.update_endpoint."""
        values: dict[str, Any] = {"updated_at": db_now_ms()}
        if url is not None:
            values["url"] = url
        if events is not None:
            values["events"] = list(events)
        if enabled is not None:
            values["disabled_at"] = None if enabled else sa.func.coalesce(webhook_endpoints.c.disabled_at, db_now_ms())
        return self._change(tenant_id, endpoint_id, values)

    def delete_endpoint(self, tenant_id: str, endpoint_id: str) -> None:
        """See Store.delete_endpoint."""
        gone = {"deleted_at": db_now_ms(), "disabled_at": db_now_ms(), "updated_at": db_now_ms()}
        self._change(tenant_id, endpoint_id, gone, gives_up="the endpoint was deleted")

    def rotate_endpoint_secret(self, tenant_id: str, endpoint_id: str) -> str:
        """See Store.rotate_endpoint_secret."""
        if self.endpoint(tenant_id, endpoint_id).adhoc:
            raise Conflict("This endpoint is signed with the tenant's default secret; rotate that one.")
        secret = _new_secret()
        self._change(tenant_id, endpoint_id, {"secret": self._box.seal(secret)})
        return secret

    def rotate_default_secret(self, tenant_id: str) -> str:
        """See Store.rotate_default_secret."""
        secret = _new_secret()
        insert = self._db.insert(tenants).values(
            id=tenant_id, webhook_secret=self._box.seal(secret), created_at=db_now_ms()
        )
        upsert = insert.on_conflict_do_update(
            index_elements=["id"], set_={"webhook_secret": insert.excluded.webhook_secret}
        )
        self._db.write(lambda connection: connection.execute(upsert))
        return secret

    def test_endpoint(self, tenant_id: str, endpoint_id: str) -> DeliveryRecord:
        """See Store.test_endpoint."""
        self.endpoint(tenant_id, endpoint_id)
        subject = new_id("test")

        def transaction(connection: sa.Connection) -> DeliveryRecord:
            now_ms = connection.scalar(sa.select(db_now_ms())) or 0
            body = payload("webhook.test", now_ms, {"id": subject})
            enqueue(self._db, connection, body, tenant_id=tenant_id, subject_id=subject, endpoint_ids=[endpoint_id])
            query = sa.select(webhook_deliveries).where(webhook_deliveries.c.subject_id == subject)
            return to_delivery_record(connection.execute(query).one())

        return self._db.write(transaction)

    def _change(
        self, tenant_id: str, endpoint_id: str, values: dict[str, Any], *, gives_up: str | None = None
    ) -> Endpoint:
        change = sa.update(webhook_endpoints).where(*_is(tenant_id, endpoint_id)).values(values)

        def transaction(connection: sa.Connection) -> Endpoint:
            endpoint = _found(connection.execute(change.returning(webhook_endpoints)).one_or_none())
            if gives_up:
                self._give_up(connection, endpoint_id, gives_up)
            return endpoint

        return self._db.write(transaction)

    def _give_up(self, connection: sa.Connection, endpoint_id: str, reason: str) -> None:
        column = webhook_deliveries.c
        waiting = sa.update(webhook_deliveries).where(column.endpoint_id == endpoint_id, column.state == "pending")
        connection.execute(waiting.values(state="failed", last_error=reason, finished_at=db_now_ms()))

    def _default_secret(self, connection: sa.Connection, tenant_id: str) -> str:
        """The tenant's sealed default secret; made here if nobody asked for one yet."""
        insert = self._db.insert(tenants).values(
            id=tenant_id, webhook_secret=self._box.seal(_new_secret()), created_at=db_now_ms()
        )
        kept = sa.func.coalesce(tenants.c.webhook_secret, insert.excluded.webhook_secret)
        upsert = insert.on_conflict_do_update(index_elements=["id"], set_={"webhook_secret": kept})
        return str(connection.execute(upsert.returning(tenants.c.webhook_secret)).scalar_one())


def _new_secret() -> str:
    """As Standard Webhooks spells it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _is(tenant_id: str, endpoint_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    column = webhook_endpoints.c
    return column.id == endpoint_id, column.tenant_id == tenant_id, column.deleted_at.is_(None)


def _found(row: Any) -> Endpoint:
    if row is None:
        raise NotFound("There is no such webhook endpoint.")
    return to_endpoint(row)
