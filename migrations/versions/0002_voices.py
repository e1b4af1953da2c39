"""Voices that people enrolled from a recording."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "voices",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("language", sa.Text),
        sa.Column("gender", sa.Text),
        sa.Column("reference_key", sa.Text, nullable=False),
        sa.Column("reference_sha256", sa.Text, nullable=False),
        sa.Column("reference_bytes", sa.BigInteger, nullable=False),
        sa.Column("consented_at", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_voices_tenant", "voices", ["tenant_id", "id"])
