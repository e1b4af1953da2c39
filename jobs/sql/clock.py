"""The database's clock as one SQL construct, so that no process's own clock decides anything."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class db_now_ms(FunctionElement[int]):  # noqa: N801 - reads as the SQL function that it is
    """Milliseconds since 1970 when the statement began."""

    type = BigInteger()
    inherit_cache = True


@compiles(db_now_ms, "postgresql")
def _postgres(element: db_now_ms, compiler: Any, **options: Any) -> str:
    # Not clock_timestamp(): volatile, so no index could use it. Not now(): stands still while a lock is awaited.
    return "CAST(floor(EXTRACT(EPOCH FROM statement_timestamp()) * 1000) AS BIGINT)"


@compiles(db_now_ms, "sqlite")
def _sqlite(element: db_now_ms, compiler: Any, **options: Any) -> str:
    # CURRENT_TIMESTAMP has whole seconds, and unixepoch('subsec') came with SQLite 3.42.
    return "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
