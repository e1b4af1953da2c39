"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
import uuid_utils
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "chunk_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("chunk_id", sa.Text, nullable=False),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("from_state", sa.Text, nullable=False),
        sa.Column("to_state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.PrimaryKeyConstraint("id"),
    )
    _index("ix_chunk_events_chunk", "chunk_events", ["chunk_id", "id"])
    op.create_table(
        "idempotency",
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("route", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "route", "key"),
    )
    _index("ix_idempotency_expires", "idempotency", ["expires_at"])
    op.create_table(
        "installation",
        sa.Column("id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("params", sa.JSON, nullable=False),
        sa.Column("priority", sa.SmallInteger, nullable=False),
        sa.Column("labels", sa.JSON, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("batch_id", sa.Text),
        sa.Column("parent_id", sa.Text),
        sa.Column("input_key", sa.Text),
        sa.Column("input_sha256", sa.Text),
        sa.Column("input_bytes", sa.BigInteger),
        sa.Column("unit", sa.Text),
        sa.Column("units_total", sa.Double),
        sa.Column("units_done", sa.Double, nullable=False),
        sa.Column("chunk_total", sa.Integer, nullable=False),
        sa.Column("chunks_done", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("result", sa.JSON),
        sa.Column("error", sa.JSON),
        sa.Column("provenance", sa.JSON, nullable=False),
        sa.Column("webhook_endpoint_id", sa.Text),
        sa.Column("retain_ms", sa.BigInteger),
        sa.Column("cancel_requested_at", sa.BigInteger),
        sa.Column("deadline_at", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("delete_at", sa.BigInteger),
        sa.Column("deleted_at", sa.BigInteger),
        sa.Column("blanked_at", sa.BigInteger),
        sa.CheckConstraint(
            "(state IN ('succeeded', 'failed', 'cancelled', 'expired')) = (finished_at IS NOT NULL)",
            name="ck_jobs_finished",
        ),
        sa.CheckConstraint(
            "state IN ('accepted', 'planning', 'running', 'stitching', 'succeeded', 'failed', 'cancelled', 'expired')",
            name="ck_jobs_state",
        ),
        sa.CheckConstraint("chunks_done BETWEEN 0 AND chunk_total", name="ck_jobs_chunks_done"),
        sa.CheckConstraint("priority BETWEEN 0 AND 2", name="ck_jobs_priority"),
        sa.PrimaryKeyConstraint("id"),
    )
    _index("ix_jobs_batch", "jobs", ["batch_id"], where="batch_id IS NOT NULL")
    _index("ix_jobs_deleted", "jobs", ["deleted_at"], where="blanked_at IS NULL AND deleted_at IS NOT NULL")
    _index("ix_jobs_due", "jobs", ["delete_at"], where="blanked_at IS NULL AND delete_at IS NOT NULL")
    _index("ix_jobs_open", "jobs", ["deadline_at"], where="finished_at IS NULL")
    _index(
        "ix_jobs_stopping",
        "jobs",
        ["cancel_requested_at"],
        where="finished_at IS NULL AND cancel_requested_at IS NOT NULL",
    )
    _index("ix_jobs_tenant", "jobs", ["tenant_id", "id"])
    op.create_table(
        "leaders",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "tenants",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("webhook_secret", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("events", sa.JSON, nullable=False),
        sa.Column("adhoc", sa.Boolean, nullable=False),
        sa.Column("secret", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("disabled_at", sa.BigInteger),
        sa.Column("deleted_at", sa.BigInteger),
        sa.CheckConstraint("adhoc OR secret IS NOT NULL", name="ck_webhook_endpoints_secret"),
        sa.PrimaryKeyConstraint("id"),
    )
    _index("ix_webhook_endpoints_tenant", "webhook_endpoints", ["tenant_id", "id"])
    _index("uq_webhook_endpoints_adhoc", "webhook_endpoints", ["tenant_id", "url"], where="adhoc", unique=True)
    op.create_table(
        "workers",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("queues", sa.JSON, nullable=False),
        sa.Column("slots", sa.Integer, nullable=False),
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("last_seen", sa.BigInteger, nullable=False),
        sa.Column("info", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("secret_sha256", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("last_used_at", sa.BigInteger),
        sa.Column("revoked_at", sa.BigInteger),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_api_keys_tenant"),
        sa.PrimaryKeyConstraint("id"),
    )
    _index("ix_api_keys_tenant", "api_keys", ["tenant_id", "id"])
    op.create_table(
        "chunks",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("idx", sa.Integer, nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("priority", sa.SmallInteger, nullable=False),
        sa.Column("age", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("span", sa.JSON, nullable=False),
        sa.Column("input_keys", sa.JSON, nullable=False),
        sa.Column("units", sa.Double, nullable=False),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("error_count", sa.Integer, nullable=False),
        sa.Column("crash_count", sa.Integer, nullable=False),
        sa.Column("rescue_count", sa.Integer, nullable=False),
        sa.Column("snooze_count", sa.Integer, nullable=False),
        sa.Column("solo", sa.Boolean, nullable=False),
        sa.Column("available_at", sa.BigInteger, nullable=False),
        sa.Column("lease_owner", sa.Text),
        sa.Column("lease_expires_at", sa.BigInteger),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("progress", sa.Double, nullable=False),
        sa.Column("result_key", sa.Text),
        sa.Column("result_sha256", sa.Text),
        sa.Column("result_bytes", sa.BigInteger),
        sa.Column("notes", sa.JSON, nullable=False),
        sa.Column("finished_at", sa.BigInteger),
        sa.CheckConstraint("(state = 'running') = (lease_owner IS NOT NULL)", name="ck_chunks_owner"),
        sa.CheckConstraint("state <> 'succeeded' OR result_key IS NOT NULL", name="ck_chunks_result"),
        sa.CheckConstraint(
            "state IN ('blocked', 'ready', 'running', 'succeeded', 'failed', 'cancelled')", name="ck_chunks_state"
        ),
        sa.CheckConstraint("step IN ('plan', 'work', 'stitch')", name="ck_chunks_step"),
        sa.CheckConstraint("(lease_owner IS NULL) = (lease_expires_at IS NULL)", name="ck_chunks_lease"),
        sa.CheckConstraint("fence >= 0", name="ck_chunks_fence"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_chunks_job"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("job_id", "step", "round", "idx", name="uq_chunks_place"),
    )
    _index("ix_chunks_lease", "chunks", ["lease_expires_at"], where="state = 'running'")
    _index(
        "ix_chunks_ready",
        "chunks",
        ["queue", "priority", "tenant_id", "age", "id", "available_at"],
        where="state = 'ready'",
    )
    _index("ix_chunks_running_job", "chunks", ["job_id"], where="state = 'running'")
    _index("ix_chunks_running_tenant", "chunks", ["tenant_id"], where="state = 'running'")
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("endpoint_id", sa.Text, nullable=False),
        sa.Column("subject_id", sa.Text, nullable=False),
        sa.Column("event_type", sa.Text, nullable=False),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("next_at", sa.BigInteger, nullable=False),
        sa.Column("lease_owner", sa.Text),
        sa.Column("lease_expires_at", sa.BigInteger),
        sa.Column("last_status", sa.Integer),
        sa.Column("last_error", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("finished_at", sa.BigInteger),
        sa.CheckConstraint("(state = 'sending') = (lease_owner IS NOT NULL)", name="ck_webhook_deliveries_owner"),
        sa.CheckConstraint(
            "(state IN ('delivered', 'failed')) = (finished_at IS NOT NULL)", name="ck_webhook_deliveries_finished"
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'sending', 'delivered', 'failed')", name="ck_webhook_deliveries_state"
        ),
        sa.ForeignKeyConstraint(["endpoint_id"], ["webhook_endpoints.id"], name="fk_webhook_deliveries_endpoint"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("subject_id", "endpoint_id", "event_type", name="uq_webhook_deliveries_once"),
    )
    _index("ix_webhook_deliveries_endpoint", "webhook_deliveries", ["endpoint_id", "id"])
    _index("ix_webhook_deliveries_pending", "webhook_deliveries", ["endpoint_id", "next_at"], where="state = 'pending'")
    _index("ix_webhook_deliveries_sending", "webhook_deliveries", ["endpoint_id"], where="state = 'sending'")
    op.execute(sa.text("INSERT INTO installation (id) VALUES (:id)").bindparams(id=f"ins_{uuid_utils.uuid7().hex}"))


def _index(name: str, table: str, columns: list[str], *, where: str | None = None, unique: bool = False) -> None:
    condition = None if where is None else sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
