"""When the record gave up the parts of a succeeded job, and when their objects were deleted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_TO_DELETE = sa.text("parts_dropped_at IS NOT NULL AND parts_deleted_at IS NULL")


def upgrade() -> None:
    op.add_column("jobs", sa.Column("parts_dropped_at", sa.BigInteger))
    op.add_column("jobs", sa.Column("parts_deleted_at", sa.BigInteger))
    op.create_index("ix_jobs_parts", "jobs", ["parts_dropped_at"], sqlite_where=_TO_DELETE, postgresql_where=_TO_DELETE)
