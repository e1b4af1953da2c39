"""Which storage the database is paired with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("installation", sa.Column("storage_id", sa.Text))
