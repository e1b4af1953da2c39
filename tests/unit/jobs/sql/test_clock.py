from __future__ import annotations

import sqlite3

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.exc import UnsupportedCompilationError

from jobs.sql import SqlStore
from jobs.sql.clock import db_now_ms


def test_postgres_uses_the_time_at_which_the_statement_began() -> None:
    text = str(sa.select(db_now_ms()).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
    assert "statement_timestamp()" in text
    assert "clock_timestamp" not in text
    assert "now()" not in text


@pytest.mark.parametrize(
    ("moment", "expected_ms"),
    [
        ("1970-01-01 00:00:00", 0),
        ("2026-01-01 00:00:00.123", 1_767_225_600_123),
        ("2000-02-29 12:00:00.999", 951_825_600_999),
    ],
)
def test_sqlite_computes_milliseconds_since_1970(moment: str, expected_ms: int) -> None:
    expression = str(db_now_ms().compile(dialect=sqlite.dialect()))
    assert "'now'" in expression
    (found,) = sqlite3.connect(":memory:").execute("SELECT " + expression.replace("'now'", f"'{moment}'")).fetchone()
    assert abs(found - expected_ms) <= 1


def test_another_dialect_is_an_error_and_not_a_wrong_clock() -> None:
    with pytest.raises(UnsupportedCompilationError):
        sa.select(db_now_ms()).compile(dialect=mysql.dialect())


def test_clock_is_an_integer_that_can_be_added_to(sqlite_store: SqlStore) -> None:
    query = sa.select(db_now_ms(), db_now_ms() + 60_000)
    now_ms, later_ms = sqlite_store._db.read(lambda connection: connection.execute(query).one())
    assert isinstance(now_ms, int)
    assert later_ms == now_ms + 60_000
