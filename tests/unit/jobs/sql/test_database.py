"""Transactions: what is rolled back, repeated, translated."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.dialects import postgresql, sqlite

from jobs.errors import Conflict, Misconfigured, NotMigrated, StoreUnavailable
from jobs.sql import SqlStore
from jobs.sql.database import Database
from jobs.sql.tables import leaders
from tests.job_factories import run_sql
from tests.services.process import free_port

POSTGRES_URL = "postgresql+psycopg://user@127.0.0.1:{port}/voicemill"


class DriverError(Exception):
    """An error of a driver with the SQLSTATE of a server."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


@pytest.fixture
def db(sqlite_store: SqlStore) -> Database:
    return sqlite_store._db


def insert_leader(connection: sa.Connection, name: str = "sweeper") -> None:
    connection.execute(sa.insert(leaders).values(name=name, holder="secret-holder", until=0))


def count_leaders(db: Database) -> int:
    return db.read(lambda connection: connection.scalar(sa.select(sa.func.count()).select_from(leaders))) or 0


def test_sqlite_syncs_every_commit(sqlite_store: SqlStore) -> None:
    pragmas = {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 30_000}
    for name, value in pragmas.items():
        assert run_sql(sqlite_store, f"PRAGMA {name}")[0][0] == value


def test_missing_server_is_unavailable() -> None:
    db = Database(POSTGRES_URL.format(port=free_port()))
    for call in (db.read, db.write, db.write_autocommit):
        with pytest.raises(StoreUnavailable):
            call(lambda connection: None)
    db.close()


@pytest.mark.parametrize("statement", ["SELECT * FROM no_table_of_ours", "SELECT no_column_of_ours FROM leaders"])
def test_a_missing_table_or_column_asks_for_the_migrations(store: SqlStore, statement: str) -> None:
    with pytest.raises(NotMigrated) as raised:
        run_sql(store, statement)
    assert "voicemill migrate" in raised.value.for_operator()
    assert "voicemill migrate" not in raised.value.detail, "callers of the API are given no advice for operators"


def test_an_invalid_address_is_refused_without_its_password() -> None:
    with pytest.raises(Misconfigured, match="VOICEMILL_DATABASE_URL") as raised:
        Database("postgresql+psycopg//user:hunter2@host")
    assert "hunter2" not in raised.value.detail


def test_any_exception_rolls_back(db: Database) -> None:
    def work(connection: sa.Connection) -> None:
        insert_leader(connection)
        raise KeyError

    with pytest.raises(KeyError):
        db.write(work)
    assert count_leaders(db) == 0
    db.write(insert_leader)
    assert count_leaders(db) == 1


def test_refused_row_is_a_conflict_without_its_values(db: Database) -> None:
    db.write(insert_leader)
    with pytest.raises(Conflict, match=r"The database refused it: UNIQUE constraint failed: leaders\.name") as caught:
        db.write(insert_leader)
    assert "secret-holder" not in str(caught.value)
    assert "secret-holder" not in str(caught.value.__cause__)


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
@pytest.mark.parametrize(("failures", "is_committed"), [(2, True), (3, False)])
def test_rolled_back_transaction_is_repeated_twice_at_most(
    db: Database, sqlstate: str, failures: int, is_committed: bool
) -> None:
    runs: list[int] = []

    def work(connection: sa.Connection) -> str:
        runs.append(len(runs))
        insert_leader(connection)
        if len(runs) <= failures:
            raise exc.OperationalError("UPDATE", {}, DriverError(sqlstate))
        return "done"

    if is_committed:
        assert db.write(work) == "done"
    else:
        with pytest.raises(StoreUnavailable):
            db.write(work)
    assert (len(runs), count_leaders(db)) == (3, int(is_committed))


def test_other_errors_of_the_server_are_not_repeated(db: Database) -> None:
    runs: list[int] = []

    def work(connection: sa.Connection) -> None:
        runs.append(1)
        raise exc.OperationalError("UPDATE", {}, DriverError("53300"))

    with pytest.raises(StoreUnavailable):
        db.write(work)
    assert len(runs) == 1


def test_programming_error_is_not_hidden_as_an_outage(db: Database) -> None:
    def work(connection: sa.Connection) -> None:
        raise exc.ProgrammingError("SELEC", {}, DriverError("42601"))

    with pytest.raises(exc.ProgrammingError):
        db.write(work)


def test_failed_commit_is_not_repeated(db: Database) -> None:
    runs: list[int] = []

    def work(connection: sa.Connection) -> None:
        runs.append(1)
        insert_leader(connection)

    def fail(connection: sa.Connection) -> None:
        raise exc.OperationalError("COMMIT", {}, DriverError("40001"))

    sa.event.listen(db.engine, "commit", fail)
    with pytest.raises(StoreUnavailable):
        db.write(work)
    sa.event.remove(db.engine, "commit", fail)
    assert len(runs) == 1


def test_failed_write_frees_the_lock_for_the_next(db: Database) -> None:
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            db.write(lambda connection: 1 // 0)
    assert db.write(lambda connection: 1) == 1


@pytest.mark.parametrize(
    ("url", "clock", "insert"),
    [
        (POSTGRES_URL.format(port=1), "statement_timestamp()", postgresql.Insert),
        ("sqlite://", "julianday('now')", sqlite.Insert),
    ],
)
def test_dialect_is_known_without_a_connection(url: str, clock: str, insert: type[Any]) -> None:
    db = Database(url)
    assert clock in db.now_sql
    assert isinstance(db.insert(leaders), insert)
    db.close()


def test_sqlite_needs_no_advisory_lock(db: Database) -> None:
    assert db.write(lambda connection: db.try_lock(connection, "a") and db.try_lock(connection, "a"))
