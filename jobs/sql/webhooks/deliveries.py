"""Webhook deliveries: claimed, finished, redelivered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from jobs.errors import LeaseLost, NotFound
from jobs.sql.clock import db_now_ms
from jobs.sql.database import Database
from jobs.sql.rows import to_delivery_record
from jobs.sql.tables import webhook_deliveries, webhook_endpoints
from jobs.webhooks.delivery import Delivery, DeliveryRecord

from .endpoints import Cipher, SqlWebhookEndpoints

_UNLIMITED = 1 << 30
_PENDING: sa.ColumnElement[str] = sa.literal_column("'pending'")

#: Endpoints with a due delivery: first those of tenants, then those that have the fewest deliveries in flight. A slow
#: receiver delays no other, and a tenant with many of them no other tenant.
_DUE = """
WITH RECURSIVE receiver(endpoint_id) AS (
    SELECT min(endpoint_id) FROM webhook_deliveries WHERE state = 'pending'
    UNION ALL
    SELECT (SELECT min(d.endpoint_id) FROM webhook_deliveries d
            WHERE d.state = 'pending' AND d.endpoint_id > receiver.endpoint_id)
    FROM receiver WHERE receiver.endpoint_id IS NOT NULL
), flying AS (
    SELECT tenant_id, endpoint_id, lease_owner FROM webhook_deliveries WHERE state = 'sending'
), due AS (
    SELECT receiver.endpoint_id,
        (SELECT count(*) FROM flying f WHERE f.endpoint_id = receiver.endpoint_id) AS of_endpoint,
        (SELECT count(*) FROM flying f WHERE f.tenant_id = e.tenant_id) AS of_tenant,
        (SELECT count(*) FROM flying f WHERE f.tenant_id = e.tenant_id AND f.lease_owner = :worker) AS of_tenant_here,
        (SELECT min(d.next_at) FROM webhook_deliveries d
         WHERE d.state = 'pending' AND d.endpoint_id = receiver.endpoint_id) AS next_at
    FROM receiver JOIN webhook_endpoints e ON e.id = receiver.endpoint_id
)
SELECT endpoint_id FROM due WHERE next_at <= {now} AND of_tenant_here < :most
ORDER BY of_tenant, of_endpoint, next_at LIMIT 50
"""


class SqlWebhookDeliveries:
    """See `WebhookDeliveries`."""

    def __init__(self, db: Database, endpoints: SqlWebhookEndpoints, cipher: Cipher) -> None:
        self._db, self._endpoints, self._cipher = db, endpoints, cipher

    def claim(self, worker_id: str, *, lease_ms: int, most_of_tenant: int | None = None) -> Delivery | None:
        """See WebhookDeliveries.claim."""
        due = sa.text(_DUE.format(now=self._db.now_sql)).bindparams(
            worker=worker_id, most=_UNLIMITED if most_of_tenant is None else most_of_tenant
        )

        def transaction(connection: sa.Connection) -> Delivery | None:
            for endpoint_id in connection.scalars(due).all():
                row = connection.execute(_build_claim(endpoint_id, worker_id, lease_ms)).one_or_none()
                if row is not None:
                    return self._to_delivery(connection, row)
            return None

        return self._db.write(transaction)

    def finish(
        self, delivery: Delivery, *, status: int | None, error: str | None, next_at_ms: int | None, disable: bool
    ) -> None:
        """See WebhookDeliveries.finish."""
        column = webhook_deliveries.c
        values: dict[str, Any] = {
            "attempt": column.attempt + 1,
            "last_status": status,
            "last_error": error,
            "lease_owner": None,
            "lease_expires_at": None,
        }
        if next_at_ms is not None and not disable:
            values |= {"state": "pending", "next_at": db_now_ms() + next_at_ms}
        else:
            values |= {"state": "failed" if error or disable else "delivered", "finished_at": db_now_ms()}
        finish = (
            sa.update(webhook_deliveries)
            .where(column.id == delivery.id, column.state == "sending", column.fence == delivery.fence)
            .values(values)
            .returning(column.id)
        )

        def transaction(connection: sa.Connection) -> None:
            if connection.execute(finish).one_or_none() is None:
                raise LeaseLost("Another attempt holds this delivery now.")
            if disable:
                off = sa.update(webhook_endpoints).where(webhook_endpoints.c.id == delivery.endpoint_id)
                connection.execute(off.values(disabled_at=db_now_ms(), updated_at=db_now_ms()))
                self._endpoints.abandon(connection, delivery.endpoint_id, "the endpoint was switched off")

        self._db.write(transaction)

    def list(
        self, tenant_id: str, endpoint_id: str, *, limit: int = 20, after: str | None = None
    ) -> Sequence[DeliveryRecord]:
        """See WebhookDeliveries.list."""
        self._endpoints.get(tenant_id, endpoint_id)
        column = webhook_deliveries.c
        query = sa.select(webhook_deliveries).where(column.endpoint_id == endpoint_id)
        if after is not None:
            query = query.where(column.id < after)
        query = query.order_by(column.id.desc()).limit(limit)
        return [to_delivery_record(row) for row in self._db.read(lambda connection: connection.execute(query).all())]

    def redeliver(self, tenant_id: str, delivery_id: str) -> DeliveryRecord:
        """See WebhookDeliveries.redeliver."""
        column = webhook_deliveries.c
        reset = (
            sa.update(webhook_deliveries)
            .where(column.id == delivery_id, column.tenant_id == tenant_id)
            .values(
                # A higher fence: an attempt in flight may finish, but can no longer write to this row.
                state="pending",
                attempt=0,
                next_at=db_now_ms(),
                finished_at=None,
                lease_owner=None,
                lease_expires_at=None,
                fence=column.fence + 1,
            )
            .returning(webhook_deliveries)
        )
        row = self._db.write(lambda connection: connection.execute(reset).one_or_none())
        if row is None:
            raise NotFound("There is no such delivery.")
        return to_delivery_record(row)

    def _to_delivery(self, connection: sa.Connection, row: Any) -> Delivery:
        ends = webhook_endpoints.c
        endpoint = connection.execute(sa.select(ends.url, ends.secret).where(ends.id == row.endpoint_id)).one()
        encrypted = endpoint.secret or self._endpoints.ensure_default_secret(connection, row.tenant_id)
        return Delivery(
            id=row.id,
            endpoint_id=row.endpoint_id,
            tenant_id=row.tenant_id,
            url=endpoint.url,
            secret=self._cipher.decrypt(encrypted),
            event_type=row.event_type,
            subject_id=row.subject_id,
            payload=row.payload,
            attempt=row.attempt,
            fence=row.fence,
        )


def _build_claim(endpoint_id: str, worker_id: str, lease_ms: int) -> Any:
    column = webhook_deliveries.c
    first = (
        sa.select(column.id)
        .where(column.state == _PENDING, column.endpoint_id == endpoint_id, column.next_at <= db_now_ms())
        .order_by(column.next_at)
        .limit(1)
        .with_for_update(skip_locked=True)
        .correlate(None)
        .scalar_subquery()
    )
    return (
        sa.update(webhook_deliveries)
        .where(column.id == first)
        .values(state="sending", fence=column.fence + 1, lease_owner=worker_id, lease_expires_at=db_now_ms() + lease_ms)
        .returning(webhook_deliveries)
    )
