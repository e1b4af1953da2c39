"""Connections and transactions: one database, whichever dialect; the only place that sees a driver's errors.

A transaction is a function of a connection, because it may run twice: a deadlock or a connection that died before
COMMIT was sent has changed nothing. A COMMIT whose answer is lost is never repeated.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.dialects import postgresql, sqlite

from jobs.errors import Conflict, Misconfigured, NotFound, NotMigrated, StoreUnavailable

from .clock import db_now_ms
from .sqlite_file import make_private

T = TypeVar("T")
Work = Callable[[sa.Connection], T]

_SQLITE_LOCK_TIMEOUT_S = 30
_SQLITE_PRAGMAS = (
    "PRAGMA busy_timeout = 30000",
    "PRAGMA journal_mode = WAL",
    # NORMAL does not fsync at COMMIT, and what we acknowledge must survive a power failure.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
)

_POSTGRES_OPTIONS = " ".join(
    f"-c {name}={value}"
    for name, value in {
        "statement_timeout": 30_000,
        "lock_timeout": 10_000,
        "idle_in_transaction_session_timeout": 60_000,
        "timezone": "UTC",
    }.items()
)

#: SQLSTATEs of deadlock and serialisation failure: Postgres rolled the transaction back and expects a retry.
_RETRYABLE_SQLSTATES = ("40P01", "40001")
#: SQLSTATEs of a table and of a column that do not exist; SQLite has a message for each.
_MISSING_SQLSTATES = ("42P01", "42703")
_MISSING_MESSAGES = ("no such table", "no such column")


class Database:
    """`read` and `write` run functions of a connection, or raise StoreUnavailable when the database does not answer."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        try:
            parsed = sa.make_url(url)
        except exc.ArgumentError as error:
            # Its text quotes the URL, which holds a password.
            raise Misconfigured(
                "VOICEMILL_DATABASE_URL is no database URL: give postgresql+psycopg://user:password@host/name",
                field="VOICEMILL_DATABASE_URL",
            ) from error
        make_private(parsed)
        self.is_postgres = parsed.get_backend_name() == "postgresql"
        if self.is_postgres:
            arguments: dict[str, Any] = {
                "connect_timeout": 3,
                "options": _POSTGRES_OPTIONS,
                "application_name": "voicemill",
                "keepalives_idle": 15,
                "keepalives_interval": 5,
                "keepalives_count": 3,
                "tcp_user_timeout": 20_000,
            }
        else:
            arguments = {"check_same_thread": False}
        self.engine = sa.create_engine(
            parsed,
            connect_args=arguments,
            poolclass=sa.QueuePool,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=1,
            pool_use_lifo=True,
            pool_recycle=1800,
            hide_parameters=True,  # a driver's error may be logged, and parameters hold users' texts
        )
        if self.is_postgres:
            # Each statement is its own transaction, without the round trips of BEGIN and COMMIT.
            self._autocommit: sa.Engine = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        else:
            self._autocommit = self.engine
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        self._writing = self.engine.execution_options(begin="IMMEDIATE")
        #: SQLite has one writer and lets the others poll; threads of one process wait here instead.
        self._write_lock = None if self.is_postgres else threading.Lock()

    def close(self) -> None:
        """Close the pool's connections."""
        self.engine.dispose()

    def read(self, work: Work[T]) -> T:
        """Run a function that only reads. On Postgres each of its statements sees the database as it is then."""
        try:
            return self._run_with_retries(self._autocommit, work)
        except exc.DataError as error:
            # A value that no column can hold, such as a NUL in a text, is in no row.
            raise NotFound from error

    def write(self, work: Work[T]) -> T:
        """Run a function as one transaction; what it returns is committed. Any exception rolls back."""
        if self._write_lock is None:
            return self._run_with_retries(self._writing, work)
        if not self._write_lock.acquire(timeout=_SQLITE_LOCK_TIMEOUT_S):
            raise StoreUnavailable("The database is busy; try again shortly.")
        try:
            return self._run_with_retries(self._writing, work)
        finally:
            self._write_lock.release()

    def write_autocommit(self, work: Work[T]) -> T:
        """Run a function of one statement as a transaction of its own, without BEGIN and COMMIT. Postgres only.

        When its connection dies the outcome is unknown, and it runs again: `work` may only insert rows under
        ids of its own, and raises Conflict where an earlier attempt of this call inserted them.
        """
        assert self.is_postgres
        return self._run_with_retries(self._autocommit, work)

    @property
    def now_sql(self) -> str:
        """The database's clock in milliseconds, for queries written as text."""
        return str(db_now_ms().compile(dialect=self.engine.dialect))

    def insert(self, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
        """INSERT with ON CONFLICT, which has the same syntax in both dialects but two classes in SQLAlchemy."""
        return postgresql.insert(table) if self.is_postgres else sqlite.insert(table)

    def try_lock(self, connection: sa.Connection, *names: str) -> bool:
        """Try to take an advisory lock until the transaction ends, without waiting. SQLite has one writer anyway."""
        if not self.is_postgres:
            return True
        digest = hashlib.sha256("\0".join(names).encode()).digest()
        number = int.from_bytes(digest[:8], "big", signed=True)
        return bool(connection.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(number))))

    def _run_with_retries(self, engine: sa.Engine, work: Work[T]) -> T:
        for is_last in (False, False, True):
            try:
                return self._run(engine, work)
            except _RolledBack as rolled_back:
                if is_last:
                    raise StoreUnavailable from rolled_back.__cause__
        raise AssertionError("the last attempt returns or raises")

    def _run(self, engine: sa.Engine, work: Work[T]) -> T:
        committing = False
        try:
            with engine.connect() as connection, connection.begin():
                answer = work(connection)
                committing = True
            return answer
        except exc.IntegrityError as error:
            raise Conflict("The database refused it: " + str(error.orig).partition("\n")[0]) from error
        except exc.DBAPIError as error:
            if not committing and (error.connection_invalidated or _sqlstate(error) in _RETRYABLE_SQLSTATES):
                raise _RolledBack from error
            if _is_not_migrated(error):
                raise NotMigrated from error
            if isinstance(error, (exc.OperationalError, exc.InterfaceError, exc.InternalError)):
                raise StoreUnavailable from error
            raise
        except exc.TimeoutError as error:
            raise StoreUnavailable("All database connections are in use; try again shortly.") from error


class _RolledBack(Exception):
    """The transaction was rolled back and may be repeated."""


def _sqlstate(error: exc.DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


def _is_not_migrated(error: exc.DBAPIError) -> bool:
    return _sqlstate(error) in _MISSING_SQLSTATES or str(error.orig).startswith(_MISSING_MESSAGES)


def _prepare_sqlite(connection: Any, record: Any) -> None:
    # None: we send BEGIN ourselves, because the driver's BEGIN is deferred and fails when the transaction first writes.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _SQLITE_PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN " + connection.get_execution_options().get("begin", "DEFERRED"))
