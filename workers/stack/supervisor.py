"""The process supervisor of `voicemill up`: keeps a few processes running, which end with this one.

Knows programs, log files and restarts; knows nothing of what the programs do. Everything happens in the main thread:
the kernel ends a child when the *thread* that started it ends.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_FIRST_PAUSE_S, _LAST_PAUSE_S = 0.25, 15.0
#: A service that ran so long is restarted without a pause.
_STABLE_S = 30.0
#: A log larger than this is rotated at the next start; one old log is kept.
_LOG_BYTES = 10_000_000
_PR_SET_PDEATHSIG = 1
_REFUSED = 2

_libc = ctypes.CDLL(None)


@dataclass(slots=True)
class Service:
    """One program."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(repr=False)
    #: Seconds between SIGTERM and SIGKILL at a stop.
    grace_s: float = 10.0
    #: A service that depends on others has a higher level than they, and stops before them.
    level: int = 0
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    starts: int = 0
    pause_s: float = 0.0
    start_at: float = 0.0
    #: How it ended last, and how often it has; None while it has not.
    last_status: int | None = None
    exits: int = 0
    #: Where in its log this stack begins: what stands before is of earlier ones.
    log_from: int = 0

    @property
    def is_up(self) -> bool:
        """Whether its process runs."""
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Starts services, restarts what ends, stops them level by level."""

    def __init__(self, log_directory: Path, print_line: Callable[[str], None]) -> None:
        self._logs = log_directory
        self._print_line = print_line
        self._services: list[Service] = []

    def start(self, service: Service) -> None:
        """Start it and keep it running from now on."""
        self._services.append(service)
        self._launch(service)

    def watch(self) -> None:
        """Check once: a service that has ended is restarted, after a pause that grows while it keeps ending."""
        for service in self._services:
            if service.is_up:
                continue
            if service.process is not None:
                self._on_exit(service)
            elif time.monotonic() >= service.start_at:
                self._launch(service)

    def down(self) -> list[str]:
        """Names of services that do not run at this moment."""
        return [service.name for service in self._services if not service.is_up]

    def refused(self) -> list[str]:
        """Names of services that cannot start as they were asked to: they ended with 2, as after a wrong argument."""
        return [service.name for service in self._services if service.last_status == _REFUSED]

    def exits(self, name: str) -> int:
        """How often a service has ended."""
        return self._named(name).exits

    def pids(self, names: Collection[str]) -> list[int]:
        """The processes of those services that run."""
        running = [service.process for service in self._services if service.name in names and service.is_up]
        return [process.pid for process in running if process is not None]

    def state(self, name: str) -> str:
        """Whether a service runs, or how it ended: a part of a sentence about it."""
        service = self._named(name)
        if service.process is None:
            assert service.last_status is not None
            return f"it ended ({_describe_exit(service.last_status)}, {service.exits} in all)"
        if not service.is_up:
            return f"it ended ({_describe_exit(service.process.returncode)}, {service.exits + 1} in all)"
        before = f", after {service.exits} that ended" if service.exits else ""
        return f"it runs (process {service.process.pid}{before})"

    def stop(self) -> None:
        """SIGTERM to the highest level first, each level with its grace; then SIGKILL to what is left of its groups."""
        for level in sorted({service.level for service in self._services}, reverse=True):
            services = [service for service in self._services if service.level == level]
            for service in services:
                self._signal(service, signal.SIGTERM)
            self._wait(services)

    def kill(self) -> None:
        """End everything at once."""
        for service in self._services:
            self._signal(service, signal.SIGKILL)
        for service in self._services:
            if service.process is not None:
                service.process.wait()

    def log(self, name: str) -> Path:
        """Where a service writes."""
        return self._logs / f"{name}.log"

    def log_tail(self, name: str, lines: int = 15) -> str:
        """The end of what a service has written to its log since it was first started here."""
        try:
            log = self.log(name).read_bytes()[self._named(name).log_from :]
        except OSError:
            return ""
        return "\n".join(log.decode(errors="replace").splitlines()[-lines:])

    def _launch(self, service: Service) -> None:
        path = self.log(service.name)
        if path.exists() and path.stat().st_size > _LOG_BYTES:
            path.replace(path.with_suffix(".old.log"))
            service.log_from = 0
        elif not service.starts and path.exists():
            service.log_from = path.stat().st_size
        parent = os.getpid()
        with path.open("ab") as log:
            service.process = subprocess.Popen(
                service.command,
                env=service.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=lambda: _die_with_parent(parent),  # noqa: PLW1509 – safe here: this process has one thread
            )
        service.started_at = time.monotonic()
        service.starts += 1

    def _on_exit(self, service: Service) -> None:
        assert service.process is not None
        _kill_group(service.process.pid)
        status = service.last_status = service.process.returncode
        service.exits += 1
        lived_s = time.monotonic() - service.started_at
        service.pause_s = 0.0 if lived_s > _STABLE_S else min(_LAST_PAUSE_S, max(_FIRST_PAUSE_S, service.pause_s * 2))
        service.start_at = time.monotonic() + service.pause_s
        service.process = None
        restart = f"again in {service.pause_s:.2g} s, log: {self.log(service.name)}"
        self._print_line(f"{service.name} ended ({_describe_exit(status)}); {restart}")

    def _signal(self, service: Service, sig: signal.Signals) -> None:
        if not service.is_up:
            return
        assert service.process is not None
        if sig == signal.SIGKILL:
            _kill_group(service.process.pid)
        else:
            # Not to the group: engines are ended by their controller, at the right moment.
            service.process.send_signal(sig)

    def _wait(self, services: Sequence[Service]) -> None:
        started = time.monotonic()
        for service in services:
            if service.process is None:
                continue
            left = max(0.0, service.grace_s - (time.monotonic() - started))
            try:
                service.process.wait(left)
            except subprocess.TimeoutExpired:
                self._print_line(f"{service.name} did not stop in {service.grace_s:.0f} s and is killed")
            _kill_group(service.process.pid)
            service.process.wait()

    def _named(self, name: str) -> Service:
        return next(service for service in self._services if service.name == name)


def _die_with_parent(parent: int) -> None:
    if sys.platform == "linux":
        _libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def _describe_exit(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"exit code {status}"
