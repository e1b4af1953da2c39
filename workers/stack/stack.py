"""All services of Voicemill on this machine: the implementation of `voicemill up`, `python -m workers.stack`.

Starts what production has as its own database, broker and process supervisor: a private Redis, migrations, a local key,
the workers, the API and Flower, all under one lock on the data directory. Nothing that it starts outlives it.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import platform
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from jobs.child_environment import service_environment
from jobs.errors import JobsError, Misconfigured, StorageUnavailable
from jobs.secret_box import open_secret_box
from jobs.settings import Settings, data_dir_errors, read_settings
from jobs.sql import SqlStore, open_store
from jobs.states import CPU_QUEUE
from jobs.storage.from_settings import open_storage
from jobs.storage.pairing import pair_storage
from workers.child_process import SOURCE_ROOT
from workers.worker_id import WorkerId

from . import local_account, local_broker, private_redis
from .local_account import FLOWER_USER, LocalAccount
from .ports import free_port, listens, read_status, require_free
from .preloaded_models import models_by_family
from .private_redis import PrivateRedis
from .readiness import Check, StackStart
from .reported_workers import ReportedWorkers
from .supervisor import Service, Supervisor

_WORKER_GRACE_S, _SERVICE_GRACE_S = 60.0, 10.0
_POLL_EVERY_S = 0.1


def main() -> int:
    """Run until Ctrl-C or SIGTERM. Exit code 2: it cannot start as it was asked to."""
    options = _parse()
    stop = threading.Event()
    for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # Under nohup SIGHUP is ignored already, and stays so.
        if signal.getsignal(sig) is not signal.SIG_IGN:
            signal.signal(sig, lambda *_: stop.set())
    try:
        data_dir: Path = (options.data_dir or read_settings().data_dir).expanduser().absolute()
        with _lock(data_dir):
            return Stack(data_dir, options).run(stop)
    except JobsError as error:
        sys.stderr.write(f"voicemill up: {error.detail}\n")
        return 2


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="voicemill up")
    parser.add_argument("--data-dir", type=Path, help="data directory; unset = VOICEMILL_DATA_DIR")
    parser.add_argument("--port", type=int, default=8080, help="of the API; 0 = a free one")
    parser.add_argument("--flower-port", type=int, default=0, help="0 = a free one")
    parser.add_argument("--families", default="espeak,pocketsphinx", help="model families to serve, by commas")
    parser.add_argument("--model", action="append", default=[], help="models to load at the start; may be repeated")
    return parser.parse_args()


@contextmanager
def _lock(data_dir: Path) -> Iterator[None]:
    """One stack per data directory: two would release each other's leases."""
    with data_dir_errors(data_dir):
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (data_dir / "lock").open("w")
    with lock as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Misconfigured(f"a stack is running in {data_dir} already", field="--data-dir") from None
        yield


class Stack:
    """One run of the stack."""

    def __init__(self, data_dir: Path, options: argparse.Namespace) -> None:
        self._began = time.monotonic()
        self._data_dir = data_dir
        self._families = [name.strip() for name in options.families.split(",") if name.strip()]
        self._models = models_by_family(options.model, self._families, data_dir)
        self._port = options.port or free_port()
        self._flower_port = options.flower_port or free_port()
        local_account.remove_client_file(data_dir)
        local_broker.remove_broker_file(data_dir)
        self._run_dir = data_dir / "run"
        for directory in (self._run_dir, data_dir / "logs"):
            directory.mkdir(exist_ok=True, mode=0o700)
        self._supervisor = Supervisor(data_dir / "logs", _print_line)
        self._env: dict[str, str] = {}
        self._redis: PrivateRedis | None = None
        self._api_has_answered = False

    def run(self, stop: threading.Event) -> int:
        """Start, wait until it is ready, say so, supervise, stop."""
        require_free(self._port)
        settings = self._start_broker()
        try:
            store = self._prepare(settings)
            account = local_account.load_or_create_account(store, self._data_dir)
            self._start_services(account)
            start = self._start_checks(store)
            if not start.wait(stop):
                if stop.is_set():
                    return 0
                sys.stderr.write(f"voicemill up: {start.report()}\n")
                return 1
            path = local_account.write_client_file(
                self._data_dir, account, base_url=self._url(self._port), flower_url=self._url(self._flower_port)
            )
            self._announce(path, [name.removeprefix("worker-") for name in start.missing])
            while not stop.wait(_POLL_EVERY_S):
                self._supervisor.watch()
            _print_line("stopping")
            return 0
        finally:
            self._stop()

    # -- start -------------------------------------------------------------------------------------------------------
    def _start_broker(self) -> Settings:
        """Start the broker. Returns the settings that all services share."""
        changes = {"VOICEMILL_DATA_DIR": str(self._data_dir)}
        given = read_settings(data_dir=self._data_dir)
        if given.broker_url is None:
            self._redis = private_redis.configure(self._run_dir, free_port())
            self._supervisor.start(Service("redis", self._redis.command, {"PATH": os.defpath}, _SERVICE_GRACE_S))
            changes["VOICEMILL_BROKER_URL"] = self._redis.url
            public_url = given.public_url if "public_url" in given.model_fields_set else self._url(self._port)
            local_broker.write_broker_file(self._data_dir, broker_url=self._redis.url, public_url=public_url)
        if "public_url" not in given.model_fields_set:
            changes["VOICEMILL_PUBLIC_URL"] = self._url(self._port)
        self._env = {**service_environment(changes), "PYTHONPATH": str(SOURCE_ROOT), "PYTHONUNBUFFERED": "1"}
        return given

    def _prepare(self, settings: Settings) -> SqlStore:
        box = open_secret_box(settings)
        done = subprocess.run(
            [sys.executable, "-m", "migrations"],
            env=self._env,
            cwd=SOURCE_ROOT,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if done.returncode:
            output = done.stdout.decode(errors="replace").strip().splitlines()[-5:]
            raise Misconfigured(
                "the database cannot be prepared:\n" + "\n".join(output), field="VOICEMILL_DATABASE_URL"
            )
        store = open_store(settings, box)
        try:
            pair_storage(open_storage(settings), store.maintenance)
        except StorageUnavailable as error:
            # All services start without it, and wait for it.
            _print_line(error.for_operator())
        # Under the lock no worker of this stack runs: what dead workers of an earlier run held is released, uncharged.
        # Where hosts share a database, that holds for this host only.
        host = None if settings.is_embedded else platform.node()
        prefix = WorkerId.prefix(store.maintenance.installation_id(), host)
        if released := store.workers.release_installation(prefix):
            _print_line(f"{released} chunks of an earlier run are ready again")
        return store

    def _start_services(self, account: LocalAccount) -> None:
        python = sys.executable
        for family in (CPU_QUEUE, *self._families):
            command = [python, "-m", "workers.controller", "--family", family, "--parent", str(os.getpid())]
            command += [part for model in self._models.get(family, ()) for part in ("--model", model)]
            self._supervisor.start(Service(f"worker-{family}", command, self._env, _WORKER_GRACE_S, level=1))
        api = [
            python,
            "-m",
            "granian",
            "--interface",
            "rsgi",
            "--host",
            "127.0.0.1",
            "--port",
            str(self._port),
            "--workers",
            "1",
            "--respawn-failed-workers",
            "--no-access-log",
            "--log-level",
            "warning",
            "api.rsgi:server",
        ]
        self._supervisor.start(Service("api", api, self._env, _SERVICE_GRACE_S, level=2))
        flower = [
            python,
            "-m",
            "celery",
            "--app",
            "workers.celery_app",
            "flower",
            f"--conf={self._flower_config(account)}",
        ]
        self._supervisor.start(Service("flower", flower, self._env, _SERVICE_GRACE_S, level=2))

    def _flower_config(self, account: LocalAccount) -> Path:
        """Write Flower's settings to a file, since every user of the machine can read a command line."""
        path = self._run_dir / "flowerconfig.py"
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        values: Mapping[str, object] = {
            "address": "127.0.0.1",
            "port": self._flower_port,
            "max_tasks": 10_000,
            "basic_auth": [f"{FLOWER_USER}:{account.flower_password}"],
        }
        path.write_text("".join(f"{name} = {value!r}\n" for name, value in values.items()))
        return path

    # -- readiness ---------------------------------------------------------------------------------------------------
    def _start_checks(self, store: SqlStore) -> StackStart:
        """The readiness checks of all services. A model may still be downloading: its jobs wait for it, `voicemill up`
        does not."""
        reported = ReportedWorkers(store)
        checks: dict[str, Check] = {
            f"worker-{family}": partial(reported.check, family) for family in (CPU_QUEUE, *self._families)
        }
        if (redis := self._redis) is not None:
            checks["redis"] = lambda: "" if redis.is_up() else f"does not answer on port {redis.port}"
        checks["api"] = self._check_api
        checks["flower"] = lambda: "" if listens(self._flower_port) else f"does not listen on port {self._flower_port}"
        optional = [f"worker-{family}" for family in self._families]
        # The API caches for a second which workers were live when its health was requested: that check comes last.
        return StackStart(
            self._supervisor, checks, optional=optional, last=("api", self._check_health), print_line=_print_line
        )

    def _check_api(self) -> str:
        # One answer is enough: each request is a line in its log. This one has no key.
        self._api_has_answered = self._api_has_answered or read_status(self._port, "/jobs") is not None
        return "" if self._api_has_answered else f"does not answer on port {self._port}"

    def _check_health(self) -> str:
        status = read_status(self._port, "/audio/health")
        if status == 200:
            return ""
        return f"answers {status} when asked for its health" if status else f"does not answer on port {self._port}"

    def _announce(self, path: Path, absent: Sequence[str]) -> None:
        print(  # noqa: T201 – what the user who typed `voicemill up` reads
            f"Voicemill is ready after {time.monotonic() - self._began:.1f} s\n"
            f"  API      {self._url(self._port)}   (documentation: {self._url(self._port)}/docs)\n"
            f"  Flower   {self._url(self._flower_port)}   (user {FLOWER_USER}, password in {path})\n"
            f"  Key      {path}\n"
            f"  Logs     {self._data_dir / 'logs'}\n"
            + "".join(f"  {self._describe_absent(family)}; its jobs wait\n" for family in absent)
            + "Ctrl-C stops it.",
            flush=True,
        )

    def _describe_absent(self, family: str) -> str:
        worker = f"worker-{family}"
        if self._supervisor.exits(worker):
            reason = self._supervisor.log_tail(worker, 1) or "its log is empty"
            return f"{family} cannot start ({reason}; log: {self._supervisor.log(worker)})"
        return f"{family} is still loading its model"

    # -- stop --------------------------------------------------------------------------------------------------------
    def _stop(self) -> None:
        # From now on the same signals kill everything at once.
        for sig in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sig, lambda *_: self._supervisor.kill())
        local_account.remove_client_file(self._data_dir)
        local_broker.remove_broker_file(self._data_dir)
        self._supervisor.stop()

    def _url(self, port: int) -> str:
        return f"http://127.0.0.1:{port}"


def _print_line(line: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {line}", flush=True)  # noqa: T201 – the stack's output on the terminal


if __name__ == "__main__":
    sys.exit(main())
