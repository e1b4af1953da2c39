"""`voicemill up` as a child process of the demo: own data directory, free port, check for leftovers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

_STOP_TIMEOUT_S = 90.0
#: Executes the given command. Linux sends it SIGTERM when the demo ends for whatever reason.
_EXIT_WITH_PARENT = """
import ctypes, os, signal, sys
prctl = getattr(ctypes.CDLL(None), "prctl", None)
if prctl is not None:
    prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
if os.getppid() != int(sys.argv[1]):
    raise SystemExit("the demo has ended")
os.execv(sys.argv[2], sys.argv[2:])
"""


class StackFailed(Exception):
    """The stack did not start."""


class LocalStack:
    """A running stack while it is entered. Leaving stops it; `find_leftovers` then lists what still runs."""

    def __init__(self, data_dir: Path, families: list[str], outbound_allow: str) -> None:
        self.data_dir = data_dir
        self.ready_s = 0.0
        self._log = data_dir / "voicemill-up.log"
        self._command = [
            sys.executable,
            "-c",
            _EXIT_WITH_PARENT,
            str(os.getpid()),
            str(Path(sys.executable).with_name("voicemill")),
            "up",
            "--port",
            "0",
            "--data-dir",
            str(data_dir),
            "--families",
            ",".join(families),
        ]
        # The settings of a server of the user's own must not apply here.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("VOICEMILL_")}
        self._environment = {**inherited, "VOICEMILL_OUTBOUND_ALLOW": outbound_allow}
        self._process: subprocess.Popen[bytes] | None = None
        self._started: dict[int, psutil.Process] = {}

    def __enter__(self) -> Self:
        began = time.monotonic()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for the demo, which then stops the stack gracefully.
                start_new_session=True,
            )
        try:
            # No timeout: the stack stops by itself, with the reason, when its start makes no progress.
            shown = 0
            while not (self.data_dir / "client.json").is_file():
                if self._process.poll() is not None:
                    raise StackFailed(f"`voicemill up` ended after {time.monotonic() - began:.0f} s:\n{self.log}")
                shown = self._show_waiting(shown)
                time.sleep(0.05)
        except BaseException:
            self.stop()
            raise
        self.ready_s = time.monotonic() - began
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _show_waiting(self, offset: int) -> int:
        """Print the lines of the log about waiting from this byte on; returns the byte after the last complete line."""
        log = self._log.read_bytes()
        end = log.rfind(b"\n") + 1
        for line in log[offset:end].decode(errors="replace").splitlines():
            if "waiting:" in line:
                print(f"  {line}", flush=True)
        return end

    @property
    def client_file(self) -> dict[str, Any]:
        """The `client.json` of the stack: address, key, webhook secret."""
        return dict(json.loads((self.data_dir / "client.json").read_text()))

    @property
    def log(self) -> str:
        """The end of its log."""
        return self._log.read_text(errors="replace")[-4000:]

    def stop(self) -> int | None:
        """Stop gracefully; returns the exit code, None if it had to be killed. May be called twice."""
        process = self._process
        if process is None:
            return None
        self._record_children()
        process.terminate()
        deadline = time.monotonic() + _STOP_TIMEOUT_S
        while process.poll() is None and time.monotonic() < deadline:
            self._record_children()
            time.sleep(0.05)
        if process.poll() is None:
            process.kill()
            process.wait()
            return None
        return process.returncode

    def find_leftovers(self) -> list[str]:
        """Running processes that the stack started, or that use its data directory: `pid command`."""
        left = {process.pid: process for process in self._started.values() if _is_alive(process)}
        for process in psutil.process_iter():
            try:
                words = [*process.cmdline(), *process.environ().values()]
            except psutil.Error:  # ended meanwhile, or of another user
                continue
            if process.pid != os.getpid() and any(str(self.data_dir) in word for word in words):
                left[process.pid] = process
        return [f"{pid} {_describe(process)}" for pid, process in sorted(left.items())]

    def _record_children(self) -> None:
        """Remember the processes of the stack: once its parent has ended, a process cannot be recognised."""
        assert self._process is not None
        try:
            for process in psutil.Process(self._process.pid).children(recursive=True):
                self._started.setdefault(process.pid, process)
        except psutil.Error:
            pass


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _describe(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())[:100] or process.name()
    except psutil.Error:
        return "?"
