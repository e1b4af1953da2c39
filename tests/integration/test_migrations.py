"""The migrations create exactly the tables of jobs/sql/tables.py, on both databases."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import migrations
from jobs.sql import SqlStore
from jobs.sql.tables import metadata
from tests.job_factories import make_finished_job
from tests.services.machine_speed import deadline
from tests.services.postgres import PostgresServer

Urls = tuple[str, str]


@pytest.fixture(params=["sqlite", "postgres"])
def two_databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Urls]:
    """Two empty databases."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/a.db", f"sqlite:///{tmp_path}/b.db"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    names = server.create_database(), server.create_database()
    yield server.url(names[0]), server.url(names[1])
    for name in names:
        server.drop_database(name)


def _engine(url: str) -> sa.Engine:
    return sa.create_engine(url, poolclass=sa.NullPool)


def _read_schema(url: str) -> dict[str, Any]:
    """The schema with what `compare_metadata` ignores: CHECKs, index conditions, keys."""
    with _engine(url).connect() as connection:
        inspector = sa.inspect(connection)
        return {
            table: {
                "columns": [(c["name"], str(c["type"]), c["nullable"]) for c in inspector.get_columns(table)],
                "checks": {(c["name"], _normalise(c["sqltext"])) for c in inspector.get_check_constraints(table)},
                "indexes": {
                    (i["name"], tuple(i["column_names"]), bool(i["unique"]), _normalise(str(_where(i))))
                    for i in inspector.get_indexes(table)
                },
                "unique": {(u["name"], tuple(u["column_names"])) for u in inspector.get_unique_constraints(table)},
                "primary": tuple(inspector.get_pk_constraint(table)["constrained_columns"]),
                "foreign": {
                    (f["name"], tuple(f["constrained_columns"]), f["referred_table"], tuple(f["referred_columns"]))
                    for f in inspector.get_foreign_keys(table)
                },
            }
            for table in sorted(set(inspector.get_table_names()) - {"alembic_version"})
        }


def _where(index: Any) -> str:
    options = index.get("dialect_options", {})
    return str(options.get("sqlite_where", options.get("postgresql_where", "")))


def _normalise(condition: str) -> str:
    return re.sub(r"\s+", " ", condition).strip()


def test_migrations_create_the_tables_of_the_code(two_databases: Urls) -> None:
    migrated, created = two_databases
    migrations.upgrade(migrated)
    engine = _engine(created)
    metadata.create_all(engine)
    schema = _read_schema(migrated)
    assert schema == _read_schema(created)
    assert sum(len(table["checks"]) for table in schema.values()) > 10
    with _engine(migrated).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_upgrade_twice_changes_nothing(two_databases: Urls) -> None:
    url, _ = two_databases
    migrations.upgrade(url)
    store = SqlStore(url)
    before = store.maintenance.installation_id()
    migrations.upgrade(url)
    assert store.maintenance.installation_id() == before
    store.close()


def test_concurrent_upgrades_wait_for_each_other(two_databases: Urls) -> None:
    url, _ = two_databases
    failures: list[BaseException] = []

    def upgrade() -> None:
        try:
            migrations.upgrade(url)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=upgrade) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with _engine(url).connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM installation")) == 1


def test_history_has_one_head() -> None:
    assert len(ScriptDirectory.from_config(migrations.config()).get_heads()) == 1


def test_command_prepares_the_database_of_the_settings(tmp_path: Path) -> None:
    environment = {"VOICEMILL_DATA_DIR": str(tmp_path / "new"), "PATH": "/usr/bin:/bin"}
    root = Path(migrations.__file__).parents[1]
    subprocess.run([sys.executable, "-m", "migrations"], check=True, cwd=root, env=environment)
    store = SqlStore(f"sqlite:///{tmp_path}/new/voicemill.db")
    assert make_finished_job(store).state == "succeeded"
    store.close()


@pytest.mark.parametrize(
    ("url", "reason"),
    [("postgresql+psycopg://user:hunter2@127.0.0.1:1/x", "refused"), ("user:hunter2", "VOICEMILL_DATABASE_URL")],
)
def test_a_database_that_cannot_be_reached_is_one_sentence(tmp_path: Path, url: str, reason: str) -> None:
    environment = {**os.environ, "VOICEMILL_DATABASE_URL": url, "VOICEMILL_DATA_DIR": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-m", "migrations"], env=environment, capture_output=True, text=True, timeout=deadline(60)
    )
    assert run.returncode == 2
    (line,) = run.stderr.splitlines()
    assert line.startswith("voicemill migrate: ") and reason in line and "hunter2" not in line
