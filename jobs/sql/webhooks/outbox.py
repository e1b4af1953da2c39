"""The outbox of webhooks: rows written in the transaction that ends a job, sent later by the workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from jobs.ids import new_id
from jobs.sql.clock import db_now_ms
from jobs.sql.database import Database
from jobs.sql.tables import webhook_deliveries, webhook_endpoints

_ACTIVE_ENDPOINTS = sa.select(webhook_endpoints.c.id, webhook_endpoints.c.events, webhook_endpoints.c.adhoc).where(
    webhook_endpoints.c.tenant_id == sa.bindparam("of_tenant"),
    webhook_endpoints.c.disabled_at.is_(None),
    webhook_endpoints.c.deleted_at.is_(None),
    sa.or_(webhook_endpoints.c.adhoc.is_(sa.false()), webhook_endpoints.c.id == sa.bindparam("of_endpoint")),
)


def enqueue_job_webhooks(db: Database, connection: sa.Connection, job: Any) -> bool:
    """Enqueue `job.<state>` for every endpoint that gets it: the tenant's, and that of the job's webhook_url.

    Returns whether there is one.
    """
    values = {"of_tenant": job.tenant_id, "of_endpoint": job.webhook_endpoint_id}
    rows = connection.execute(_ACTIVE_ENDPOINTS, values).all()
    event_type = f"job.{job.state}"
    endpoint_ids = [row.id for row in rows if row.adhoc or not row.events or event_type in row.events]
    if endpoint_ids:
        data = {"id": job.id, "kind": job.kind, "state": job.state, "labels": job.labels}
        body = build_payload(event_type, job.finished_at, data)
        enqueue(db, connection, body, tenant_id=job.tenant_id, subject_id=job.id, endpoint_ids=endpoint_ids)
    return bool(endpoint_ids)


def build_payload(event_type: str, at_ms: int, data: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a delivery."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"type": event_type, "timestamp": at, "data": dict(data)}


def enqueue(
    db: Database,
    connection: sa.Connection,
    body: Mapping[str, Any],
    *,
    tenant_id: str,
    subject_id: str,
    endpoint_ids: Sequence[str],
) -> None:
    """Insert deliveries that are due at once. An endpoint gets one event of a subject once."""
    if not endpoint_ids:
        return
    insert = db.insert(webhook_deliveries).values(created_at=db_now_ms(), next_at=db_now_ms())
    rows = [
        {
            "id": new_id("whd"),
            "tenant_id": tenant_id,
            "endpoint_id": endpoint_id,
            "subject_id": subject_id,
            "event_type": body["type"],
            "payload": dict(body),
            "state": "pending",
            "attempt": 0,
            "fence": 0,
        }
        for endpoint_id in endpoint_ids
    ]
    connection.execute(insert.on_conflict_do_nothing(), rows)
