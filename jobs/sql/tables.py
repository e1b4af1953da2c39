"""The tables, their constraints and their indexes.

`migrations/` creates the same tables step by step; a test proves that both agree. Times are BIGINT milliseconds since
1970 by the database's clock. Conditions of indexes are literals, and so are the states in queries that use them.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Integer, Text

from jobs.states import ChunkState, JobState, Step

metadata = sa.MetaData()

_Json = sa.JSON(none_as_null=True)
#: SQLite assigns row numbers to INTEGER keys only.
_RowNumber = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _index(name: str, *columns: str, where: str | None = None, unique: bool = False) -> sa.Index:
    condition = None if where is None else sa.text(where)
    return sa.Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def _list_literals(names: Iterable[str]) -> str:
    return "({})".format(", ".join(f"'{name}'" for name in names))


jobs = sa.Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("params", _Json, nullable=False),
    Column("priority", sa.SmallInteger, nullable=False),  # Priority.rank
    Column("labels", _Json, nullable=False),
    Column("state", Text, nullable=False),
    Column("batch_id", Text),
    Column("parent_id", Text),
    Column("input_key", Text),
    Column("input_sha256", Text),
    Column("input_bytes", BigInteger),
    Column("unit", Text),
    Column("units_total", sa.Double),
    Column("units_done", sa.Double, nullable=False),
    Column("chunk_total", Integer, nullable=False),  # work chunks of all rounds
    Column("chunks_done", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("result", _Json),
    Column("error", _Json),
    Column("provenance", _Json, nullable=False),
    Column("webhook_endpoint_id", Text),  # of the request's webhook_url
    Column("retain_ms", BigInteger),  # NULL = for ever
    Column("cancel_requested_at", BigInteger),
    Column("deadline_at", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("finished_at", BigInteger),
    Column("updated_at", BigInteger, nullable=False),
    Column("delete_at", BigInteger),
    Column("deleted_at", BigInteger),
    Column("blanked_at", BigInteger),  # its objects are deleted and the row is a tombstone
    Column("request_id", Text),  # of the submission; for the logs
    Column("parts_dropped_at", BigInteger),  # from then on nothing reads the parts of this succeeded job
    Column("parts_deleted_at", BigInteger),  # their objects are deleted
    sa.CheckConstraint(f"state IN {_list_literals(JobState)}", name="ck_jobs_state"),
    sa.CheckConstraint(
        "(state IN ('succeeded', 'failed', 'cancelled', 'expired')) = (finished_at IS NOT NULL)",
        name="ck_jobs_finished",
    ),
    sa.CheckConstraint("priority BETWEEN 0 AND 2", name="ck_jobs_priority"),
    sa.CheckConstraint("chunks_done BETWEEN 0 AND chunk_total", name="ck_jobs_chunks_done"),
    _index("ix_jobs_tenant", "tenant_id", "id"),
    _index("ix_jobs_batch", "batch_id", where="batch_id IS NOT NULL"),
    _index("ix_jobs_open", "deadline_at", where="finished_at IS NULL"),
    _index("ix_jobs_stopping", "cancel_requested_at", where="finished_at IS NULL AND cancel_requested_at IS NOT NULL"),
    _index("ix_jobs_due", "delete_at", where="blanked_at IS NULL AND delete_at IS NOT NULL"),
    _index("ix_jobs_parts", "parts_dropped_at", where="parts_dropped_at IS NOT NULL AND parts_deleted_at IS NULL"),
    _index("ix_jobs_deleted", "deleted_at", where="blanked_at IS NULL AND deleted_at IS NOT NULL"),
)

chunks = sa.Table(
    "chunks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("job_id", Text, sa.ForeignKey("jobs.id", name="fk_chunks_job"), nullable=False),
    Column("tenant_id", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("idx", Integer, nullable=False),
    Column("queue", Text, nullable=False),
    Column("priority", sa.SmallInteger, nullable=False),
    Column("age", BigInteger, nullable=False),  # created_at of the job: older jobs of a tenant go first
    Column("state", Text, nullable=False),
    Column("span", _Json, nullable=False),
    Column("input_keys", _Json, nullable=False),
    Column("units", sa.Double, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("error_count", Integer, nullable=False),
    Column("crash_count", Integer, nullable=False),
    Column("rescue_count", Integer, nullable=False),
    Column("snooze_count", Integer, nullable=False),
    Column("solo", sa.Boolean, nullable=False),
    Column("available_at", BigInteger, nullable=False),
    Column("lease_owner", Text),
    Column("lease_expires_at", BigInteger),
    Column("started_at", BigInteger),
    Column("progress", sa.Double, nullable=False),
    Column("result_key", Text),
    Column("result_sha256", Text),
    Column("result_bytes", BigInteger),
    Column("notes", _Json, nullable=False),
    Column("finished_at", BigInteger),
    sa.UniqueConstraint("job_id", "step", "round", "idx", name="uq_chunks_place"),
    sa.CheckConstraint(f"step IN {_list_literals(Step)}", name="ck_chunks_step"),
    sa.CheckConstraint(f"state IN {_list_literals(ChunkState)}", name="ck_chunks_state"),
    sa.CheckConstraint("(state = 'running') = (lease_owner IS NOT NULL)", name="ck_chunks_owner"),
    sa.CheckConstraint("(lease_owner IS NULL) = (lease_expires_at IS NULL)", name="ck_chunks_lease"),
    sa.CheckConstraint("state <> 'succeeded' OR result_key IS NOT NULL", name="ck_chunks_result"),
    sa.CheckConstraint("fence >= 0", name="ck_chunks_fence"),
    _index("ix_chunks_ready", "queue", "priority", "tenant_id", "age", "id", "available_at", where="state = 'ready'"),
    _index("ix_chunks_lease", "lease_expires_at", where="state = 'running'"),
    _index("ix_chunks_running_tenant", "tenant_id", where="state = 'running'"),
    _index("ix_chunks_running_job", "job_id", where="state = 'running'"),
)

chunk_events = sa.Table(
    "chunk_events",
    metadata,
    Column("id", _RowNumber, primary_key=True, autoincrement=True),
    Column("chunk_id", Text, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("from_state", Text, nullable=False),
    Column("to_state", Text, nullable=False),
    Column("reason", Text),
    _index("ix_chunk_events_chunk", "chunk_id", "id"),
)

idempotency = sa.Table(
    "idempotency",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("route", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("job_id", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    _index("ix_idempotency_expires", "expires_at"),
)

webhook_endpoints = sa.Table(
    "webhook_endpoints",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("events", _Json, nullable=False),  # event types; [] = all
    #: Created by a request's webhook_url; gets only the events of such requests.
    Column("adhoc", sa.Boolean, nullable=False),
    Column("secret", Text),  # encrypted; NULL = the tenant's default secret
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("disabled_at", BigInteger),
    Column("deleted_at", BigInteger),
    sa.CheckConstraint("adhoc OR secret IS NOT NULL", name="ck_webhook_endpoints_secret"),
    _index("ix_webhook_endpoints_tenant", "tenant_id", "id"),
    _index("uq_webhook_endpoints_adhoc", "tenant_id", "url", where="adhoc", unique=True),
)

webhook_deliveries = sa.Table(
    "webhook_deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column(
        "endpoint_id",
        Text,
        sa.ForeignKey("webhook_endpoints.id", name="fk_webhook_deliveries_endpoint"),
        nullable=False,
    ),
    Column("subject_id", Text, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("payload", _Json, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("lease_owner", Text),
    Column("lease_expires_at", BigInteger),
    Column("last_status", Integer),
    Column("last_error", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    sa.UniqueConstraint("subject_id", "endpoint_id", "event_type", name="uq_webhook_deliveries_once"),
    sa.CheckConstraint("state IN ('pending', 'sending', 'delivered', 'failed')", name="ck_webhook_deliveries_state"),
    sa.CheckConstraint("(state = 'sending') = (lease_owner IS NOT NULL)", name="ck_webhook_deliveries_owner"),
    sa.CheckConstraint(
        "(state IN ('delivered', 'failed')) = (finished_at IS NOT NULL)", name="ck_webhook_deliveries_finished"
    ),
    _index("ix_webhook_deliveries_pending", "endpoint_id", "next_at", where="state = 'pending'"),
    _index("ix_webhook_deliveries_sending", "endpoint_id", where="state = 'sending'"),
    _index("ix_webhook_deliveries_endpoint", "endpoint_id", "id"),
)

tenants = sa.Table(
    "tenants",
    metadata,
    Column("id", Text, primary_key=True),
    Column("webhook_secret", Text),  # encrypted
    Column("created_at", BigInteger, nullable=False),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, sa.ForeignKey("tenants.id", name="fk_api_keys_tenant"), nullable=False),
    Column("name", Text, nullable=False),
    Column("scopes", _Json, nullable=False),
    Column("secret_sha256", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("last_used_at", BigInteger),
    Column("revoked_at", BigInteger),
    _index("ix_api_keys_tenant", "tenant_id", "id"),
)

voices = sa.Table(
    "voices",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("language", Text),
    Column("gender", Text),
    Column("reference_key", Text, nullable=False),
    Column("reference_sha256", Text, nullable=False),
    Column("reference_bytes", BigInteger, nullable=False),
    Column("consented_at", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    _index("ix_voices_tenant", "tenant_id", "id"),
)

workers = sa.Table(
    "workers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("queues", _Json, nullable=False),
    Column("slots", Integer, nullable=False),
    Column("device", Text, nullable=False),
    Column("last_seen", BigInteger, nullable=False),
    Column("info", _Json, nullable=False),
)

leaders = sa.Table(
    "leaders",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("until", BigInteger, nullable=False),
)

installation = sa.Table(
    "installation",
    metadata,
    Column("id", Text, primary_key=True),
    Column("storage_id", Text),  # the storage that the database is paired with; NULL until a process has started
)
