"""Run by Alembic: takes the connection from `migrations.upgrade`, or makes one for `alembic` on the command line."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context

from jobs.settings import Settings
from jobs.sql.tables import metadata


def _run(connection: sa.Connection) -> None:
    context.configure(
        connection=connection, target_metadata=metadata, compare_type=True, transaction_per_migration=False
    )
    with context.begin_transaction():
        context.run_migrations()


if given := context.config.attributes.get("connection"):
    _run(given)
else:
    with sa.create_engine(Settings().resolved_database_url(), poolclass=sa.NullPool).connect() as own:
        _run(own)
