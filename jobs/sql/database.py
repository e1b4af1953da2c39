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

from jobs.errors import Conflict, NotFound, StoreUnavailable

from .clock import db_now_ms

T = TypeVar("T")
Work = Callable[[sa.Connection], T]

_SQLITE_TURN_S = 30
_SQLITE_PRAGMAS = (
    "PRAGMA busy_timeout = 30000",
    "PRAGMA journal_mode = WAL",
    # NORMAL does not fsync at COMMIT, and what we acknowledge must outlive a power cut.
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

#: Deadlock, serialisation failure: Postgres rolled the transaction back and asks for another try.
_TRY_AGAIN = ("40P01", "40001")


class Database:
    """`read` and `write` run functions of a connection, or raise StoreUnavailable when the database does not answer."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        parsed = sa.make_url(url)
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
            hide_parameters=True,  # a driver's error may be logged, and parameters are people's texts
        )
        if self.is_postgres:
            # One statement is its own transaction: no BEGIN and COMMIT to wait for.
            self._at_once: sa.Engine = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        else:
            self._at_once = self.engine
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        self._writing = self.engine.execution_options(begin="IMMEDIATE")
        #: SQLite has one writer and lets the others poll; threads of one process had better queue here.
        self._turn = None if self.is_postgres else threading.Lock()

    def close(self) -> None:
        """Close the pool's connections."""
        self.engine.dispose()

    def read(self, work: Work[T]) -> T:
        """Run a function that only reads. On Postgres each of its statements sees the database as it is then."""
        try:
            return self._again(self._at_once, work)
        except exc.DataError as error:
            # Asked for what no column can hold, as a NUL in a text: so no row holds it.
            raise NotFound from error

    def write(self, work: Work[T]) -> T:
        """Run a function as one transaction; what it returns is committed. Any exception rolls back."""
        if self._turn is None:
            return self._again(self._writing, work)
        if not self._turn.acquire(timeout=_SQLITE_TURN_S):
            raise StoreUnavailable("The database is busy; try again shortly.")
        try:
            return self._again(self._writing, work)
        finally:
            self._turn.release()

    def write_at_once(self, work: Work[T]) -> T:
        """Run a function of one statement as a transaction of its own, on Postgres: no BEGIN, no COMMIT to wait for.

        When its connection dies nobody knows whether it was done, and it runs again: `work` may only insert rows under
        ids of its own, and gets Conflict where an earlier try of this call did it.
        """
        assert self.is_postgres
        return self._again(self._at_once, work)

    @property
    def now_sql(self) -> str:
        """The database's clock in milliseconds, for queries written as text."""
        return str(db_now_ms().compile(dialect=self.engine.dialect))

    def insert(self, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
        """INSERT with ON CONFLICT, which both dialects spell alike and SQLAlchemy keeps apart."""
        return postgresql.insert(table) if self.is_postgres else sqlite.insert(table)

    def try_lock(self, connection: sa.Connection, *words: str) -> bool:
        """An advisory lock until the transaction ends, tried and not waited for. SQLite has one writer anyway."""
        if not self.is_postgres:
            return True
        digest = hashlib.sha256("\0".join(words).encode()).digest()
        number = int.from_bytes(digest[:8], "big", signed=True)
        return bool(connection.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(number))))

    def _again(self, engine: sa.Engine, work: Work[T]) -> T:
        for last in (False, False, True):
            try:
                return self._once(engine, work)
            except _Undone as undone:
                if last:
                    raise StoreUnavailable from undone.__cause__
        raise AssertionError("the last try returns or raises")

    def _once(self, engine: sa.Engine, work: Work[T]) -> T:
        committing = False
        try:
            with engine.connect() as connection, connection.begin():
                answer = work(connection)
                committing = True
            return answer
        except exc.IntegrityError as error:
            raise Conflict("The database refused it: " + str(error.orig).partition("\n")[0]) from error
        except exc.DBAPIError as error:
            if not committing and (error.connection_invalidated or _sqlstate(error) in _TRY_AGAIN):
                raise _Undone from error
            if isinstance(error, (exc.OperationalError, exc.InterfaceError, exc.InternalError)):
                raise StoreUnavailable from error
            raise
        except exc.TimeoutError as error:
            raise StoreUnavailable("All database connections are in use; try again shortly.") from error


class _Undone(Exception):
    """The transaction left no trace and may be tried again."""


def _sqlstate(error: exc.DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


def _prepare_sqlite(connection: Any, record: Any) -> None:
    # None: we send BEGIN ourselves, because the driver's own is deferred, and then fails when it turns into a writer.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _SQLITE_PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN " + connection.get_execution_options().get("begin", "DEFERRED"))
