"""Services and stores for every test.

    def test_x(postgres_url): …   a migrated Postgres database of the test's own: its SQLAlchemy URL
    def test_x(redis_url): …      a Redis with a password, emptied before the test
    def test_x(s3_url): …         a bucket of the test's own, as VOICEMILL_STORAGE_URL takes it; AWS_* are set
    def test_x(sqlite_url): …     a migrated SQLite file under tmp_path
    def test_x(store): …          a SqlStore, once on SQLite and once on Postgres
    def test_x(sqlite_store): …   a SqlStore on SQLite alone

`postgres_server`, `redis_server` and `s3_server` are the servers themselves, shared by the session: do not stop them.
A test that kills its server starts one of its own: `PostgresServer().start()`, `RedisServer(tmp_path).start()`.
Servers start at first use, in temporary directories, on free ports. VOICEMILL_TEST_DATABASE_URL may name an existing
Postgres whose user may create databases. A missing service skips its tests, and fails them where CI=true.

The time limit of a test (`timeout` of pytest-timeout) is in seconds of an idle machine, as in `poll`.
"""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import hypothesis
import pytest
import pytest_timeout

from tests.services.machine_speed import LoadAwareDeadline
from tests.services.postgres import PostgresServer, create_database, drop_database
from tests.services.process import ServiceMissing
from tests.services.redis import RedisServer
from tests.services.s3 import CREDENTIALS, S3Server

if TYPE_CHECKING:
    from jobs.sql import SqlStore

    class _LimitedItem(pytest.Item):
        """A test with the function that pytest-timeout calls at its end."""

        cancel_timeout: Callable[[], None]


_S = TypeVar("_S")

# How long an example takes depends on the machine and its load.
hypothesis.settings.register_profile(
    "any-machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any-machine")


# -- time limits -----------------------------------------------------------------------------------------------------
def pytest_timeout_set_timer(item: _LimitedItem, settings: pytest_timeout.Settings) -> bool | None:
    """Set the limit of one test. None: pytest-timeout does."""
    if settings.method != "signal" or threading.current_thread() is not threading.main_thread():
        return None
    limit, check_every_s = LoadAwareDeadline(settings.timeout), settings.timeout / 4

    def check(*_: object) -> None:
        if limit.has_expired():
            pytest_timeout.timeout_sigalrm(item, settings)

    def cancel() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)

    item.cancel_timeout = cancel
    signal.signal(signal.SIGALRM, check)
    signal.setitimer(signal.ITIMER_REAL, check_every_s, check_every_s)
    return True


def _start_or_skip(start: Callable[[], _S]) -> _S:
    try:
        return start()
    except ServiceMissing as missing:
        is_failure = os.environ.get("CI") == "true"
        raise (pytest.fail.Exception if is_failure else pytest.skip.Exception)(str(missing)) from missing


# -- Postgres --------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    server = _start_or_skip(lambda: PostgresServer().start())
    yield server
    server.close()


@pytest.fixture(scope="session")
def _postgres_template(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """The admin URL and the name of a migrated database to clone."""
    from migrations import upgrade

    admin_url = os.environ.get("VOICEMILL_TEST_DATABASE_URL") or request.getfixturevalue("postgres_server").url(
        "postgres"
    )
    name = create_database(admin_url)
    upgrade(_replace_database(admin_url, name))
    yield admin_url, name
    drop_database(admin_url, name)


@pytest.fixture
def postgres_url(_postgres_template: tuple[str, str]) -> Iterator[str]:
    admin_url, template = _postgres_template
    name = create_database(admin_url, template=template)
    yield _replace_database(admin_url, name)
    drop_database(admin_url, name)


def _replace_database(url: str, database: str) -> str:
    head, _, tail = url.rpartition("/")
    return f"{head}/{database}" + (f"?{tail.partition('?')[2]}" if "?" in tail else "")


# -- SQLite ----------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from migrations import upgrade

    path: Path = tmp_path_factory.mktemp("sqlite") / "template.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    path = tmp_path / "voicemill.db"
    shutil.copy(_sqlite_template, path)
    return f"sqlite:///{path}"


# -- stores ----------------------------------------------------------------------------------------------------------
def _open(url: str) -> SqlStore:
    from jobs.secret_box import SecretBox
    from jobs.sql import SqlStore

    return SqlStore(url, cipher=SecretBox("the secret key of every test store"), retry_base_s=0.01)


@pytest.fixture
def sqlite_store(sqlite_url: str) -> Iterator[SqlStore]:
    store = _open(sqlite_url)
    yield store
    store.close()


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    store = _open(request.getfixturevalue(f"{request.param}_url"))
    yield store
    store.close()


# -- Redis and S3 ----------------------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = _start_or_skip(lambda: RedisServer(tmp_path_factory.mktemp("redis")).start())
    yield server
    server.stop()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    redis_server.flush()
    return redis_server.url


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    server = _start_or_skip(lambda: S3Server(tmp_path_factory.mktemp("s3")).start())
    yield server
    server.stop()


@pytest.fixture
def s3_url(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    return s3_server.url(s3_server.create_bucket())
