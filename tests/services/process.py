"""A child process of a test: with a log file of its own, stopped by pid, killed when its parent dies."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from .machine_speed import deadline, poll

_PR_SET_PDEATHSIG = 1


class ServiceMissing(RuntimeError):
    """A service is not installed on this machine; tests that need it are skipped, or fail where CI=true."""


def free_port() -> int:
    """A TCP port of the loopback interface that was free just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Child:
    """A process that writes its output to `log` and is killed when the test run dies.

    As root, `uid` runs it as another user, who must be able to read the files that it needs.
    """

    def __init__(
        self,
        args: Sequence[str],
        *,
        log: Path,
        uid: int | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.args, self.log = args, log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                args,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env=None if env is None else {**os.environ, **env},
                start_new_session=True,
                preexec_fn=_die_with_parent,
                user=uid,
                group=uid,
                extra_groups=None if uid is None else [],
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def wait_ready(self, condition: Callable[[], bool], *, deadline_s: float = 60.0) -> None:
        """Wait until the condition holds. Raises RuntimeError with the end of the log if it never does."""
        is_ready = poll(lambda: not self.is_alive or condition(), deadline_s=deadline_s)
        if not self.is_alive or not is_ready:
            self.stop(grace_s=0)
            tail = self.log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{self.args[0]} did not become ready:\n{tail}")

    def stop(self, sign: signal.Signals = signal.SIGTERM, *, grace_s: float = 10.0) -> None:
        """Stop by pid: send `sign`, then SIGKILL after `grace_s` seconds. Idempotent."""
        if not self.is_alive:
            return
        self.process.send_signal(sign if grace_s else signal.SIGKILL)
        if not poll(lambda: not self.is_alive, deadline_s=grace_s or 10):
            self.process.kill()
            self.process.wait(deadline(10))

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        self.stop(grace_s=0)


def _die_with_parent() -> None:
    # Runs in the child after setuid, which would clear the setting. Short: it runs in a fork of a threaded process.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # A shell's background job ignores SIGINT, and its children inherit that.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
