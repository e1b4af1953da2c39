"""The whole of Voicemill on this machine: the body of `voicemill up`, `python -m workers.stack`.

Puts together what production gets from its own database, broker and process supervisor: a private Redis, migrations,
a local key, the workers, the API and Flower, all under one lock on the data directory. Nothing that it starts outlives
it.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import platform
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from jobs.errors import JobsError, Misconfigured
from jobs.secret_box import open_secret_box
from jobs.settings import Settings, service_environment
from jobs.sql_store import SqlStore, open_store
from workers import local_account, private_redis
from workers.child_process import SOURCE_ROOT
from workers.local_account import FLOWER_USER, Account
from workers.supervisor import Service, Supervisor

#: Seconds for everything to be ready. Who still loads a model then is not waited for.
_READY_S = 60.0
_WORKER_GRACE_S, _SERVICE_GRACE_S = 60.0, 10.0
_LOOK_EVERY_S = 0.1


def main() -> int:
    """Run until Ctrl-C or SIGTERM. Exit code 2: it cannot start as it was asked to."""
    options = _parse()
    data_dir: Path = options.data_dir.expanduser().absolute()
    stop = threading.Event()
    for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # Under nohup a hang-up is ignored already, and stays so.
        if signal.getsignal(sig) is not signal.SIG_IGN:
            signal.signal(sig, lambda *_: stop.set())
    try:
        with _lock(data_dir):
            return Stack(data_dir, options).run(stop)
    except JobsError as error:
        sys.stderr.write(f"voicemill up: {error.detail}\n")
        return 2


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="voicemill up")
    parser.add_argument("--data-dir", type=Path, default=Settings().data_dir)
    parser.add_argument("--port", type=int, default=8080, help="of the API; 0 = a free one")
    parser.add_argument("--flower-port", type=int, default=0, help="0 = a free one")
    parser.add_argument("--families", default="espeak,pocketsphinx", help="model families to serve, by commas")
    return parser.parse_args()


@contextmanager
def _lock(data_dir: Path) -> Iterator[None]:
    """One stack per data directory: two would release each other's leases."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (data_dir / "lock").open("w") as file:
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
        self._families = [name for name in options.families.split(",") if name]
        self._port = options.port or _free_port()
        self._flower_port = options.flower_port or _free_port()
        local_account.withdraw(data_dir)
        self._run_dir = data_dir / "run"
        for directory in (self._run_dir, data_dir / "logs"):
            directory.mkdir(exist_ok=True, mode=0o700)
        self._supervisor = Supervisor(data_dir / "logs", _say)
        self._env: dict[str, str] = {}
        self._absent: list[str] = []

    def run(self, stop: threading.Event) -> int:
        """Start, wait until it is ready, say so, supervise, stop."""
        _require_free(self._port)
        settings = self._start_broker()
        try:
            store = self._prepare(settings)
            account = local_account.open_account(store, self._data_dir)
            self._start_services(account)
            if not self._wait_until_ready(store, stop):
                return 0 if stop.is_set() else self._give_up()
            path = local_account.publish(
                self._data_dir, account, base_url=self._url(self._port), flower_url=self._url(self._flower_port)
            )
            self._announce(path)
            while not stop.wait(_LOOK_EVERY_S):
                self._supervisor.watch()
            _say("stopping")
            return 0
        finally:
            self._stop()

    # -- start -------------------------------------------------------------------------------------------------------
    def _start_broker(self) -> Settings:
        """The settings that all services share, once the broker is on its way."""
        changes = {"VOICEMILL_DATA_DIR": str(self._data_dir)}
        given = Settings(data_dir=self._data_dir)
        if given.broker_url is None:
            redis = private_redis.configure(self._run_dir, _free_port())
            self._supervisor.start(Service("redis", redis.command, {"PATH": os.defpath}, _SERVICE_GRACE_S))
            changes["VOICEMILL_BROKER_URL"] = redis.url
        if "public_url" not in given.model_fields_set:
            changes["VOICEMILL_PUBLIC_URL"] = self._url(self._port)
        self._env = {**service_environment(changes), "PYTHONPATH": str(SOURCE_ROOT), "PYTHONUNBUFFERED": "1"}
        return given

    def _prepare(self, settings: Settings) -> SqlStore:
        box = open_secret_box(settings)
        done = subprocess.run(
            [sys.executable, "-m", "migrations"], env=self._env, cwd=SOURCE_ROOT, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        if done.returncode:
            said = done.stdout.decode(errors="replace").strip().splitlines()[-5:]
            raise Misconfigured("the database cannot be prepared:\n" + "\n".join(said), field="VOICEMILL_DATABASE_URL")
        store = open_store(settings, box)
        # Under the lock nobody of ours lives: what dead workers of an earlier run held is free again, uncharged. With
        # a database that others share, that is true of this host only.
        prefix = f"{store.installation_id()}:" + ("" if settings.is_embedded else f"{platform.node()}:")
        if released := store.release_installation(prefix):
            _say(f"{released} chunks of an earlier run are ready again")
        return store

    def _start_services(self, account: Account) -> None:
        python = sys.executable
        for family in ("cpu", *self._families):
            command = [python, "-m", "workers.controller", "--family", family, "--parent", str(os.getpid())]
            self._supervisor.start(Service(f"worker-{family}", command, self._env, _WORKER_GRACE_S, level=1))
        api = [
            python, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(self._port),
            "--workers", "1", "--blocking-threads", "256", "--respawn-failed-workers", "--no-access-log",
            "--log-level", "warning", "api.wsgi:app",
        ]  # fmt: skip
        self._supervisor.start(Service("api", api, self._env, _SERVICE_GRACE_S, level=2))
        flower = [
            python, "-m", "celery", "--app", "workers.celery_app", "flower", f"--conf={self._flower_config(account)}",
        ]  # fmt: skip
        self._supervisor.start(Service("flower", flower, self._env, _SERVICE_GRACE_S, level=2))

    def _flower_config(self, account: Account) -> Path:
        """Flower's settings as it reads them; in a file, since a command line can be read by everybody."""
        path = self._run_dir / "flowerconfig.py"
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        values: Mapping[str, object] = {
            "address": "127.0.0.1", "port": self._flower_port, "max_tasks": 10_000,
            "basic_auth": [f"{FLOWER_USER}:{account.flower_password}"],
        }  # fmt: skip
        path.write_text("".join(f"{name} = {value!r}\n" for name, value in values.items()))
        return path

    # -- readiness ---------------------------------------------------------------------------------------------------
    def _wait_until_ready(self, store: SqlStore, stop: threading.Event) -> bool:
        """False when it was stopped, or something is missing that it cannot do without."""
        until = time.monotonic() + _READY_S
        while not stop.wait(_LOOK_EVERY_S):
            self._supervisor.watch()
            if self._supervisor.refused():
                return False
            self._absent = self._families_without_worker(store)
            is_late = time.monotonic() > until
            # The API is asked last: it remembers for a second which workers it saw when it was asked.
            if (is_late or not self._absent) and _is_healthy(self._port) and _listens(self._flower_port):
                # A model may still be on its way from the network; its jobs wait for it.
                return "cpu" not in self._absent
            if is_late:
                return False
        return False

    def _families_without_worker(self, store: SqlStore) -> list[str]:
        pools = {worker.id.split(":")[2] for worker in store.live_workers()}
        families = {pool.rpartition(".")[2] for pool in pools}
        return [family for family in ("cpu", *self._families) if family not in families]

    def _give_up(self) -> int:
        sys.stderr.write("voicemill up: not everything could be started\n")
        missing = {f"worker-{family}" for family in self._absent}
        for name in self._supervisor.refused() or sorted({*self._supervisor.down(), *missing}):
            sys.stderr.write(f"--- {name}\n{self._supervisor.last_words(name)}\n")
        return 1

    def _announce(self, path: Path) -> None:
        print(  # noqa: T201 – what the user who typed `voicemill up` reads
            f"Voicemill is ready after {time.monotonic() - self._began:.1f} s\n"
            f"  API      {self._url(self._port)}   (documentation: {self._url(self._port)}/docs)\n"
            f"  Flower   {self._url(self._flower_port)}   (user {FLOWER_USER}, password in {path})\n"
            f"  Key      {path}\n"
            f"  Logs     {self._data_dir / 'logs'}\n"
            + "".join(f"  {family} is still loading its model; its jobs wait\n" for family in self._absent)
            + "Ctrl-C stops it.",
            flush=True,
        )

    # -- stop --------------------------------------------------------------------------------------------------------
    def _stop(self) -> None:
        # From now on the same signals mean: at once.
        for sig in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sig, lambda *_: self._supervisor.kill())
        local_account.withdraw(self._data_dir)
        self._supervisor.stop()

    def _url(self, port: int) -> str:
        return f"http://127.0.0.1:{port}"


def _say(line: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {line}", flush=True)  # noqa: T201 – the stack's own voice on the terminal


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _require_free(port: int) -> None:
    try:
        with socket.create_server(("127.0.0.1", port)):
            pass
    except OSError as error:
        raise Misconfigured(f"port {port} is taken; choose another with --port", field="--port") from error


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.2):
            return True
    except OSError:
        return False


def _is_healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/audio/health", timeout=1) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


if __name__ == "__main__":
    sys.exit(main())
