"""The steps that bring a database to the tables of jobs/sql/tables.py.

Steps only add, or change what no running version reads: an old process and a new one may share the database.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from jobs.settings import data_dir_errors
from jobs.sql.sqlite_file import make_private

_HERE = Path(__file__).parent
#: Upgrades of one database wait for each other.
_LOCK = int.from_bytes(hashlib.sha256(b"voicemill migrations").digest()[:8], "big", signed=True)


def config() -> Config:
    """Alembic's settings; there is no alembic.ini."""
    settings = Config()
    settings.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    return settings


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database to `revision`; the directory of a SQLite file is made. Nothing to do costs milliseconds.

    Raises Misconfigured where that directory cannot be made. Safe while another process does the same. A lock that
    others hold fails the step after 5 s instead of blocking them.
    """
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        directory = Path(parsed.database).parent
        with data_dir_errors(directory):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    make_private(parsed)
    engine = sa.create_engine(parsed, poolclass=sa.NullPool)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _sqlite_connected)
        sa.event.listen(engine, "begin", _sqlite_begin)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            connection.exec_driver_sql("SET LOCAL lock_timeout = '5s'")
            connection.exec_driver_sql("SET LOCAL statement_timeout = '10min'")
        settings = config()
        settings.attributes["connection"] = connection
        command.upgrade(settings, revision)


def _sqlite_connected(connection: sa.engine.interfaces.DBAPIConnection, record: object) -> None:
    connection.isolation_level = None  # we send BEGIN ourselves, so that DDL is part of the transaction
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 30000")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _sqlite_begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
