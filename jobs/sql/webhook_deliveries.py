"""Webhook deliveries: claimed, finished, sent again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from jobs.errors import LeaseLost, NotFound
from jobs.job import Delivery, DeliveryRecord

from .clock import db_now_ms
from .rows import to_delivery_record
from .tables import webhook_deliveries, webhook_endpoints
from .webhook_endpoints import Endpoints

_PENDING: sa.ColumnElement[str] = sa.literal_column("'pending'")

#: Endpoints with something due, those first that are being sent to least: a slow receiver holds up nobody else.
_DUE = """
WITH RECURSIVE receiver(endpoint_id) AS (
    SELECT min(endpoint_id) FROM webhook_deliveries WHERE state = 'pending'
    UNION ALL
    SELECT (SELECT min(d.endpoint_id) FROM webhook_deliveries d
            WHERE d.state = 'pending' AND d.endpoint_id > receiver.endpoint_id)
    FROM receiver WHERE receiver.endpoint_id IS NOT NULL
), due AS (
    SELECT receiver.endpoint_id,
        (SELECT count(*) FROM webhook_deliveries s
         WHERE s.state = 'sending' AND s.endpoint_id = receiver.endpoint_id) AS sending,
        (SELECT min(d.next_at) FROM webhook_deliveries d
         WHERE d.state = 'pending' AND d.endpoint_id = receiver.endpoint_id) AS next_at
    FROM receiver WHERE receiver.endpoint_id IS NOT NULL
)
SELECT endpoint_id FROM due WHERE next_at <= {now} ORDER BY sending, next_at LIMIT 50
"""


class Deliveries(Endpoints):
    """Claim, finish, list and repeat deliveries."""

    def claim_delivery(self, worker_id: str, *, lease_ms: int) -> Delivery | None:
        """See Store.claim_delivery."""
        due = sa.text(_DUE.format(now=self._db.now_sql))

        def transaction(connection: sa.Connection) -> Delivery | None:
            for endpoint_id in connection.scalars(due).all():
                row = connection.execute(_take(endpoint_id, worker_id, lease_ms)).one_or_none()
                if row is not None:
                    return self._to_delivery(connection, row)
            return None

        return self._db.write(transaction)

    def finish_delivery(
        self, delivery: Delivery, *, status: int | None, error: str | None, next_at_ms: int | None, disable: bool
    ) -> None:
        """See Store.finish_delivery."""
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
                self._give_up(connection, delivery.endpoint_id, "the endpoint was switched off")

        self._db.write(transaction)

    def deliveries(
        self, tenant_id: str, endpoint_id: str, *, limit: int = 20, after: str | None = None
    ) -> Sequence[DeliveryRecord]:
        """See Store.deliveries."""
        self.endpoint(tenant_id, endpoint_id)
        column = webhook_deliveries.c
        query = sa.select(webhook_deliveries).where(column.endpoint_id == endpoint_id)
        if after is not None:
            query = query.where(column.id < after)
        query = query.order_by(column.id.desc()).limit(limit)
        return [to_delivery_record(row) for row in self._db.read(lambda connection: connection.execute(query).all())]

    def redeliver(self, tenant_id: str, delivery_id: str) -> DeliveryRecord:
        """See Store.redeliver."""
        column = webhook_deliveries.c
        again = (
            sa.update(webhook_deliveries)
            .where(column.id == delivery_id, column.tenant_id == tenant_id)
            .values(
                # A higher fence: what is being sent right now may finish, but not write here any more.
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
        row = self._db.write(lambda connection: connection.execute(again).one_or_none())
        if row is None:
            raise NotFound("There is no such delivery.")
        return to_delivery_record(row)

    def _to_delivery(self, connection: sa.Connection, row: Any) -> Delivery:
        ends = webhook_endpoints.c
        endpoint = connection.execute(sa.select(ends.url, ends.secret).where(ends.id == row.endpoint_id)).one()
        sealed = endpoint.secret or self._default_secret(connection, row.tenant_id)
        return Delivery(
            id=row.id,
            endpoint_id=row.endpoint_id,
            tenant_id=row.tenant_id,
            url=endpoint.url,
            secret=self._box.open(sealed),
            event_type=row.event_type,
            subject_id=row.subject_id,
            payload=row.payload,
            attempt=row.attempt,
            fence=row.fence,
        )


def _take(endpoint_id: str, worker_id: str, lease_ms: int) -> Any:
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
